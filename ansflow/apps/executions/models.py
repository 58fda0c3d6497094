"""What the engine keeps. `store.py` alone writes the columns of the engine; everybody may read them.

The rows of `core.state` stand here column by column where something is asked of them over many executions, and as
`rest` (what `core.codec` makes of the others) where only `decide` reads them.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models


class PipelineExecution(models.Model):
    """Above the line: what people know it by. Below: `core.state.ExecutionState`."""

    class TriggerType(models.TextChoices):
        MANUAL = "manual"
        WEBHOOK = "webhook"
        SCHEDULE = "schedule"
        API = "api"
        PIPELINE = "pipeline"

    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="executions")
    pipeline = models.ForeignKey("pipelines.Pipeline", on_delete=models.PROTECT, related_name="executions")
    version = models.ForeignKey("pipelines.Version", null=True, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    cicd_tool = models.ForeignKey("cicd_tools.CicdTool", null=True, on_delete=models.SET_NULL, related_name="+")
    trigger_type = models.CharField(max_length=20, choices=TriggerType)
    trigger_message = models.CharField(
        max_length=400, blank=True, db_default=""
    )  # the beginning of what its plan holds
    execution_mode = models.CharField(max_length=20, default="local")
    triggered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    parameters = models.JSONField(default=dict)
    event = models.CharField(max_length=20, default="manual")
    branch = models.CharField(max_length=254, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    rerun_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="reruns")
    concurrency_group = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    held_at = models.DateTimeField(null=True)  # pending, and not to be begun before its concurrency group lets it
    removed_artifacts_at = models.DateTimeField(null=True)
    removed_workspace_at = models.DateTimeField(null=True)

    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    row_version = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    by = models.CharField(max_length=254, blank=True)
    deadline = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    rest = models.TextField(default="")

    class Meta:
        db_table = "cicd_integrations_pipelineexecution"
        constraints = [models.UniqueConstraint(fields=["pipeline", "number"], name="executions_number")]
        indexes = [
            models.Index(fields=["project", "-id"], name="executions_project"),
            models.Index(fields=["created_at", "id"], name="executions_created"),
            models.Index(fields=["project", "created_at", "id"], name="executions_project_age"),
            models.Index(fields=["started_at", "id"], name="executions_started"),
            models.Index(fields=["project", "started_at", "id"], name="executions_project_started"),
            models.Index(fields=["ended_at", "id"], name="executions_ended"),
            models.Index(fields=["project", "ended_at", "id"], name="executions_project_ended"),
            models.Index(fields=["project", "branch", "-id"], name="executions_project_branch"),
            models.Index(fields=["project", "status", "id"], name="executions_project_status"),
            models.Index(fields=["status", "id"], name="executions_status"),
            models.Index(fields=["deadline"], name="executions_deadline"),
            models.Index(fields=["pipeline", "-id"], name="executions_pipeline"),
            models.Index(fields=["project", "concurrency_group", "ended_at"], name="executions_group"),
        ]


class ExecutionPlan(models.Model):
    """The frozen plan, and the outcomes kept from another execution by step: JSON of `core.codec`, compressed."""

    execution = models.OneToOneField(PipelineExecution, primary_key=True, on_delete=models.CASCADE, related_name="plan")
    body = models.BinaryField()
    kept = models.BinaryField(default=b"")


class StepExecution(models.Model):
    """`core.state.StepState`. `gate` is the status of its approval, "" for a step without one."""

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="step_executions")
    key = models.CharField(max_length=254)
    index = models.PositiveIntegerField()
    name = models.CharField(max_length=254, blank=True)
    step_type = models.CharField(max_length=60)
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    row_version = models.BigIntegerField(default=0)  # of the execution, when this row was last written
    worker = models.CharField(max_length=128, blank=True)
    queue = models.CharField(max_length=100, default="default")  # with `priority`, as planned: they never change
    priority = models.IntegerField(default=0)
    line = models.CharField(max_length=254, blank=True)
    gate = models.CharField(max_length=20, blank=True)
    allowed_failure = models.BooleanField(default=False)
    offered_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="")  # core.outcome.Outcome of the newest attempt that has one
    rest = models.TextField(default="")

    class Meta:
        db_table = "cicd_integrations_stepexecution"
        constraints = [models.UniqueConstraint(fields=["execution", "key"], name="stepexecution_key")]
        indexes = [
            models.Index(fields=["execution", "row_version"], name="stepexecution_version"),
            models.Index(fields=["status", "worker"], name="stepexecution_worker"),
            models.Index(fields=["offered_at", "queue", "priority", "execution"], name="stepexecution_offered"),
            models.Index(fields=["due_at"], name="stepexecution_due"),
            models.Index(fields=["gate", "id"], name="stepexecution_gate"),
        ]


class Attempt(models.Model):
    """One try of a step: written when it is claimed, completed when it has ended."""

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="attempts")
    step = models.CharField(max_length=254)
    number = models.PositiveIntegerField()
    fence = models.PositiveIntegerField()
    worker = models.CharField(max_length=128)
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    exit_code = models.IntegerField(null=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="")  # core.outcome.Outcome, as the codec writes it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["execution", "step", "number"], name="attempt_number")]


class BundleExecution(models.Model):
    """`core.state.BundleState`."""

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="bundles")
    name = models.CharField(max_length=254)
    row_version = models.BigIntegerField(default=0)
    deadline = models.DateTimeField(null=True, db_index=True)
    rest = models.TextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["execution", "name"], name="bundleexecution_name")]


class Places(models.Model):
    """How many places of a limiter an execution's steps hold."""

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="places")
    limiter = models.CharField(max_length=254)
    used = models.IntegerField(default=0)
    row_version = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "places"
        constraints = [models.UniqueConstraint(fields=["execution", "limiter"], name="places_limiter")]


class Deployment(models.Model):
    """A step that deploys to an environment, as it is known before the run. Whether it did, its step tells.

    `pipeline` is that of the execution: what was there last is looked up by it, from the newest on.
    """

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="deployments")
    step = models.CharField(max_length=254)
    pipeline = models.ForeignKey("pipelines.Pipeline", on_delete=models.PROTECT, related_name="+", db_index=False)
    environment = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["execution", "step"], name="deployment_step")]
        indexes = [models.Index(fields=["pipeline", "environment", "-execution"], name="deployment_last")]


class ExecutionEvent(models.Model):
    """`core.events.Event`: `seq` has no gaps within an execution."""

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    fact = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["execution", "seq"], name="executionevent_seq")]


class Sending(models.Model):
    """A row of the outbox; deleted once it has been carried out."""

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="sendings")
    row_version = models.BigIntegerField()
    number = models.PositiveIntegerField()
    effect = models.TextField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["execution", "row_version", "number"], name="sending_key")]


class Worker(models.Model):
    """One life (`boot`) of a worker. `seen_at` is its lease."""

    class Wish(models.TextChoices):
        DRAIN = "drain"  # finish what runs, take nothing new
        STOP = "stop"  # the same, and end then

    boot = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=128, db_index=True)
    seen_at = models.DateTimeField(db_index=True)
    started_at = models.DateTimeField()
    slots = models.PositiveIntegerField(default=0)
    executor = models.CharField(max_length=40, blank=True)  # the strongest level it has proved
    version = models.CharField(max_length=40, blank=True)
    host = models.CharField(max_length=254, blank=True)
    queues = models.TextField(default="default")  # that it serves, separated by commas
    wish = models.CharField(max_length=20, choices=Wish, blank=True)  # of an operator; it obeys at its next beat
    heeds = models.CharField(max_length=20, blank=True)  # the wish that it has heard, and follows
    load = models.FloatField(null=True)  # of its machine, per core, as it last said


class WorkspaceChange(models.Model):
    """What a step left in the workspace of its execution, for workers on other machines: see `infra.storage`.

    `body` says path by path what was written and removed. `number` counts within the execution, in the order in which
    they are laid over each other.
    """

    execution = models.ForeignKey(PipelineExecution, on_delete=models.CASCADE, related_name="workspace_changes")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=128)  # its name, which survives a restart as its files do
    step = models.CharField(max_length=254)
    at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["execution", "number"], name="workspacechange_number")]
