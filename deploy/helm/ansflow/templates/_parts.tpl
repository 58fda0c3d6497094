{{- define "ansflow.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "ansflow.selector" -}}
app.kubernetes.io/name: ansflow
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ansflow.labels" -}}
{{ include "ansflow.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "ansflow.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end }}

{{- /* The settings of every process. An address with a password stands in a file. */ -}}
{{- define "ansflow.settings" -}}
- {name: ANSFLOW_DATABASE_URL_FILE, value: /run/ansflow/addresses/database_url}
- {name: ANSFLOW_REDIS_URL_FILE, value: /run/ansflow/addresses/redis_url}
- {name: ANSFLOW_BROKER_URL_FILE, value: /run/ansflow/addresses/broker_url}
- {name: ANSFLOW_KEYS_DIR, value: /run/ansflow/keys}
- name: ANSFLOW_STORAGE_URL
  value: {{ if .Values.storage.existingClaim }}file:///srv/ansflow{{ else }}{{ required "storage.url or storage.existingClaim: every process must see logs and artifacts." .Values.storage.url | quote }}{{ end }}
{{- if .Values.storage.keySecret }}
- {name: ANSFLOW_STORAGE_KEY_FILE, value: /run/ansflow/storage/key}
{{- end }}
{{- with .Values.baseUrl }}
- {name: ANSFLOW_BASE_URL, value: {{ . | quote }}}
{{- end }}
{{- with .Values.allowedHosts }}
- {name: ANSFLOW_ALLOWED_HOSTS, value: {{ join "," . | quote }}}
{{- end }}
{{- with .Values.trustedProxies }}
- {name: ANSFLOW_TRUSTED_PROXIES, value: {{ join "," . | quote }}}
{{- end }}
{{- if .Values.secrets.metrics }}
- {name: ANSFLOW_METRICS_TOKEN_FILE, value: /run/ansflow/metrics/token}
{{- end }}
- {name: ANSFLOW_LOG_FORMAT, value: {{ .Values.logFormat | quote }}}
{{- end }}

{{- define "ansflow.mounts" -}}
- {name: addresses, mountPath: /run/ansflow/addresses, readOnly: true}
- {name: keys, mountPath: /run/ansflow/keys, readOnly: true}
{{- if .Values.storage.keySecret }}
- {name: storage-key, mountPath: /run/ansflow/storage, readOnly: true}
{{- end }}
{{- if .Values.secrets.metrics }}
- {name: metrics, mountPath: /run/ansflow/metrics, readOnly: true}
{{- end }}
{{- if .Values.storage.existingClaim }}
- {name: shared, mountPath: /srv/ansflow}
{{- end }}
- {name: tmp, mountPath: /tmp}
- {name: data, mountPath: /var/lib/ansflow}
{{- end }}

{{- /* Readable by way of the group of the pod, and by nobody else. */ -}}
{{- define "ansflow.volumes" -}}
- {name: addresses, secret: {secretName: {{ .Values.secrets.addresses }}, defaultMode: 0440}}
- {name: keys, secret: {secretName: {{ .Values.secrets.keys }}, defaultMode: 0440}}
{{- with .Values.storage.keySecret }}
- {name: storage-key, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- with .Values.secrets.metrics }}
- {name: metrics, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- with .Values.storage.existingClaim }}
- {name: shared, persistentVolumeClaim: {claimName: {{ . }}}}
{{- end }}
- {name: tmp, emptyDir: {sizeLimit: 256Mi}}
{{- end }}

{{- define "ansflow.pod-security" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "ansflow.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* The dot is how many seconds a start may take. */ -}}
{{- define "ansflow.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 2
  failureThreshold: {{ div . 2 }}
livenessProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: health}
  periodSeconds: 5
  timeoutSeconds: 4
  failureThreshold: 2
{{- end }}

{{- /* A Deployment of processes that keep nothing of their own: (root, part, values, command). */ -}}
{{- define "ansflow.deployment" -}}
{{- $ := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "ansflow.name" $ }}-{{ .part }}
  labels:
    {{- include "ansflow.labels" $ | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
spec:
  replicas: {{ .values.replicas }}
  selector:
    matchLabels:
      {{- include "ansflow.selector" $ | nindent 6 }}
      app.kubernetes.io/component: {{ .part }}
  template:
    metadata:
      labels:
        {{- include "ansflow.labels" $ | nindent 8 }}
        app.kubernetes.io/component: {{ .part }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 20
      securityContext:
        {{- include "ansflow.pod-security" $ | nindent 8 }}
      {{- with $.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "ansflow.selector" $ | nindent 14 }}
              app.kubernetes.io/component: {{ .part }}
      containers:
        - name: {{ .part }}
          image: {{ include "ansflow.image" $ | quote }}
          imagePullPolicy: {{ $.Values.image.pullPolicy }}
          args: [{{ .part }}]
          env:
            {{- include "ansflow.settings" $ | nindent 12 }}
            {{- if eq .part "scheduler" }}
            - {name: ANSFLOW_HEALTH_PORT, value: "8001"}
            {{- end }}
            {{- if and (eq .part "serve") $.Values.secrets.admin }}
            - {name: ANSFLOW_ADMIN_EMAIL, value: {{ required "adminEmail goes with secrets.admin." $.Values.adminEmail | quote }}}
            - {name: ANSFLOW_ADMIN_PASSWORD_FILE, value: /run/ansflow/admin/password}
            {{- end }}
          ports:
            {{- if eq .part "scheduler" }}
            - {name: health, containerPort: 8001}
            {{- else }}
            - {name: health, containerPort: 8000}
            {{- end }}
          {{- include "ansflow.probes" (.values.startSeconds | default 180) | nindent 10 }}
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            {{- include "ansflow.container-security" $ | nindent 12 }}
          {{- if ne .part "scheduler" }}
          lifecycle:
            # The endpoints must have forgotten this pod before it refuses connections.
            preStop: {exec: {command: [sleep, "5"]}}
          {{- end }}
          volumeMounts:
            {{- include "ansflow.mounts" $ | nindent 12 }}
            {{- if and (eq .part "serve") $.Values.secrets.admin }}
            - {name: admin, mountPath: /run/ansflow/admin, readOnly: true}
            {{- end }}
      volumes:
        {{- include "ansflow.volumes" $ | nindent 8 }}
        - {name: data, emptyDir: {sizeLimit: 4Gi}}
        {{- if and (eq .part "serve") $.Values.secrets.admin }}
        - {name: admin, secret: {secretName: {{ $.Values.secrets.admin }}, defaultMode: 0440}}
        {{- end }}
{{- if gt (int .values.replicas) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "ansflow.name" $ }}-{{ .part }}
  labels:
    {{- include "ansflow.labels" $ | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
spec:
  minAvailable: {{ .values.disruption.minAvailable }}
  selector:
    matchLabels:
      {{- include "ansflow.selector" $ | nindent 6 }}
      app.kubernetes.io/component: {{ .part }}
{{- end }}
{{- end }}
