"""The chart, rendered by Helm itself and checked against the schemas of Kubernetes; its values without either.

make chart-proof     # installs both (some 100 MB), without which the rendering is skipped
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansflow.config.owning import LONGEST_MIGRATION
from ansflow.config.settings import Settings
from ansflow.edge.health import PROBES

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "ansflow"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
KUBERNETES = ("1.30", "1.33", "1.34")
SHORT: Mapping[str, Any] = {"storage": {"url": "s3://ci/ansflow", "keySecret": "s3"}}
LONG: Mapping[str, Any] = {
    "image": {"digest": f"sha256:{'a' * 64}"},
    "imagePullSecrets": [{"name": "registry"}],
    "baseUrl": "https://ci.example.com",
    "trustedProxies": ["10.0.0.0/8"],
    "secrets": {"admin": "ansflow-admin", "metrics": "ansflow-metrics"},
    "adminEmail": "ann@example.com",
    "storage": {"existingClaim": "shared"},
    "edge": {"enabled": True},
    "ingress": {"enabled": True, "host": "ci.example.com", "tlsSecret": "tls", "className": "nginx"},
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
        "metricsFrom": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
        "platformTo": [{"to": [{"podSelector": {"matchLabels": {"app": "database"}}}]}],
        "workersTo": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}],
    },
    "workers": {
        "default": {"isolation": "none"},
        "gpu": {
            "replicas": 1, "queues": ["gpu", "large"], "slots": 1, "isolation": "sandbox", "drainSeconds": 60,
            "storage": {"size": "100Gi", "className": "fast"}, "resources": {"limits": {"nvidia.com/gpu": 1}},
            "nodeSelector": {"gpu": "yes"}, "tolerations": [{"key": "gpu", "operator": "Exists"}],
        },
    },
}  # fmt: skip


def rendered(values: Mapping[str, Any]) -> list[Any]:
    """What Helm would send to Kubernetes."""
    texts = helm().Chart.load(CHART).render(values, name="ci", namespace="ansflow")
    found = [one for name, text in texts.items() if name.endswith(".yaml") for one in yaml.safe_load_all(text)]
    return [one for one in found if one]


def helm() -> Any:
    try:
        return importlib.import_module("helm_python")
    except ImportError:
        pytest.skip("Helm is not installed: make chart-proof")


def pods(objects: Sequence[Any]) -> dict[str, Any]:
    """By the name of what keeps them there."""
    kept = (one for one in objects if one["kind"] in ("Deployment", "StatefulSet"))
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in kept}


def test_the_values_of_the_chart_are_those_of_its_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)


def parts(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from parts(inner)
    if isinstance(schema, list):
        for inner in schema:
            yield from parts(inner)


def test_a_value_that_is_not_known_is_refused_at_every_depth() -> None:
    assert [
        part for part in parts(SCHEMA) if "properties" in part and part.get("additionalProperties") is not False
    ] == []
    for wrong in ({"replicas": 1}, {"serve": {"replica": 1}}, {"workers": {"default": {"isolation": "host"}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


@pytest.mark.parametrize("values", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("release", KUBERNETES)
def test_what_is_rendered_is_known_to_kubernetes_to_the_last_field(values: Mapping[str, Any], release: str) -> None:
    objects = rendered(values)
    check = importlib.import_module("kubernetes_validate").validate
    for one in objects:
        check(one, release, strict=True)
    assert len({(one["kind"], one["metadata"]["name"]) for one in objects}) == len(objects) >= 11


@pytest.mark.parametrize("values", [SHORT, LONG], ids=["short", "long"])
def test_every_pod_is_restricted_but_for_what_a_sandbox_wants(values: Mapping[str, Any]) -> None:
    found = pods(rendered(values))
    isolation = {
        name: worker["isolation"] for name, worker in {**VALUES["workers"], **values.get("workers", {})}.items()
    }
    for name, pod in found.items():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        may = container["securityContext"]
        assert (may["allowPrivilegeEscalation"], may["readOnlyRootFilesystem"]) == (False, True)
        assert may["capabilities"] == {"drop": ["ALL"]}
        is_sandboxed = isolation.get(name.rpartition("-worker-")[2]) == "sandbox" and "-worker-" in name
        assert (pod.get("hostUsers") is False) == is_sandboxed
        assert (may.get("procMount") == "Unmasked") == is_sandboxed
        assert "hostNetwork" not in pod and "hostPID" not in pod
        leave = {"name": "ANSFLOW_ALLOW_HOST_EXECUTOR", "value": "true"}
        assert (leave in container["env"]) == ("-worker-" in name and not is_sandboxed)


def test_no_secret_is_made_or_stands_in_the_environment() -> None:
    objects = rendered(LONG)
    assert not [one for one in objects if one["kind"] in ("Secret", "ConfigMap")]
    for pod in pods(objects).values():
        for variable in pod["containers"][0]["env"]:
            assert "valueFrom" not in variable and "://" not in variable["value"].replace("https://ci.", "").replace(
                "file:///srv", ""
            )
        mounted = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert all(secret["defaultMode"] == 0o440 for secret in mounted)


def test_a_worker_keeps_its_data_folder_and_has_longer_to_end_than_its_steps() -> None:
    for one in rendered(LONG):
        if one["kind"] == "StatefulSet":
            assert [claim["metadata"]["name"] for claim in one["spec"]["volumeClaimTemplates"]] == ["data"]
            pod = one["spec"]["template"]["spec"]
            env = {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}
            assert pod["terminationGracePeriodSeconds"] > int(env["ANSFLOW_DRAIN_SECONDS"]) > 0


@pytest.mark.parametrize("values", [SHORT, LONG], ids=["short", "long"])
def test_a_pod_listens_where_it_is_asked_and_may_write_where_it_must(values: Mapping[str, Any]) -> None:
    image = (CHART.parents[1] / "Dockerfile").read_text()
    data = re.findall(r"ANSFLOW_DATA_DIR=(\S+)", image)[0]
    for name, pod in pods(rendered(values)).items():
        (container,) = pod["containers"]
        env = {variable["name"]: variable["value"] for variable in container["env"]}
        (port,) = container["ports"]
        assert str(port["containerPort"]) == env.get("ANSFLOW_HEALTH_PORT", str(Settings(data_dir=CHART).port)), name
        assert ("ANSFLOW_HEALTH_PORT" in env) == (container["args"][0] in ("worker", "scheduler"))
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["path"] in PROBES and asked["port"] == port["name"]
        mounts = {one["mountPath"]: one.get("readOnly", False) for one in container["volumeMounts"]}
        assert mounts[data] is mounts["/tmp"] is False
        if env["ANSFLOW_STORAGE_URL"].startswith("file://"):
            assert mounts[env["ANSFLOW_STORAGE_URL"].removeprefix("file://")] is False
        for variable, value in env.items():
            if variable.endswith(("_FILE", "_DIR")):
                assert any(Path(value).is_relative_to(place) and mounts[place] for place in mounts), variable
        kept = {one["name"] for one in pod["volumes"]} | ({"data"} if "-worker-" in name else set())
        assert {one["name"] for one in container["volumeMounts"]} == kept, "each is there, and none in vain"


def test_the_files_of_secrets_are_those_that_the_page_tells_to_make() -> None:
    page = (CHART.parents[2] / "docs" / "how-to" / "deploy-on-kubernetes.md").read_text()
    told = {
        secret: set(re.findall(r"--from-file=(?:\w+/)?([\w.]+)", words))
        for secret, words in re.findall(r"create secret generic (\S+)((?: \\\n|[^\n])*)", page)
    }
    wanted: dict[str, set[str]] = {"ansflow-keys": {"session", "signing.pem", "ring"}}
    for pod in pods(rendered({**LONG, "storage": {"url": "s3://ci/x", "keySecret": "ansflow-s3"}})).values():
        (container,) = pod["containers"]
        mounted = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
        secrets = {one["name"]: one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}
        for variable in container["env"]:
            place = Path(variable["value"])
            if variable["name"].endswith("_FILE"):
                wanted.setdefault(secrets[mounted[str(place.parent)]], set()).add(place.name)
    metrics = wanted.pop("ansflow-metrics")
    assert metrics == {"token"} and "(key `token`)" in page
    assert told == wanted


@pytest.mark.parametrize("values", [SHORT, LONG], ids=["short", "long"])
def test_services_and_budgets_find_their_pods(values: Mapping[str, Any]) -> None:
    objects = rendered(values)
    templates = [one["spec"]["template"] for one in objects if one["kind"] in ("Deployment", "StatefulSet")]

    def chosen(labels: Mapping[str, str]) -> list[Any]:
        return [one["spec"] for one in templates if labels.items() <= one["metadata"]["labels"].items()]

    services = {one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "Service"}
    for service in services.values():
        found = chosen(service["selector"])
        assert found
        for port in service["ports"]:
            assert all(port["targetPort"] == pod["containers"][0]["ports"][0]["name"] for pod in found)
    for one in objects:
        if one["kind"] == "PodDisruptionBudget":
            assert len(chosen(one["spec"]["selector"]["matchLabels"])) == 1
        if one["kind"] == "StatefulSet":
            assert one["spec"]["serviceName"] in services
        if one["kind"] == "Ingress":
            for path in one["spec"]["rules"][0]["http"]["paths"]:
                service = path["backend"]["service"]
                assert service["port"]["name"] in [port["name"] for port in services[service["name"]]["ports"]]


def test_a_server_has_longer_to_start_than_another_ones_migration_takes() -> None:
    for pod in pods(rendered(SHORT)).values():
        (container,) = pod["containers"]
        probe = container["startupProbe"]
        longest = probe["periodSeconds"] * probe["failureThreshold"]
        assert longest == (VALUES["serve"]["startSeconds"] if container["args"] == ["serve"] else 180)
    assert VALUES["serve"]["startSeconds"] > LONGEST_MIGRATION


def test_what_cannot_work_is_refused_with_a_sentence() -> None:
    for wrong, said in (
        ({}, "every process must see logs and artifacts"),
        ({**SHORT, "secrets": {"admin": "x"}}, "adminEmail goes with secrets.admin"),
        ({**SHORT, "ingress": {"enabled": True}}, "the name under which browsers ask"),
    ):
        with pytest.raises(helm().HelmError, match=said):
            rendered(wrong)


def test_helm_finds_nothing_to_complain_of() -> None:
    assert helm().lint(CHART, SHORT, strict=True)["errors"] == []
