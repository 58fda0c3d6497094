import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("cicd_tools", "0001_initial"),
        ("pipelines", "0001_initial"),
        ("projects", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="PipelineExecution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "trigger_type",
                    models.CharField(
                        choices=[
                            ("manual", "Manual"),
                            ("webhook", "Webhook"),
                            ("schedule", "Schedule"),
                            ("api", "Api"),
                            ("pipeline", "Pipeline"),
                        ],
                        max_length=20,
                    ),
                ),
                ("execution_mode", models.CharField(default="local", max_length=20)),
                ("parameters", models.JSONField(default=dict)),
                ("event", models.CharField(default="manual", max_length=20)),
                ("branch", models.CharField(blank=True, max_length=254)),
                ("commit", models.CharField(blank=True, max_length=64)),
                ("concurrency_group", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
                ("held_at", models.DateTimeField(null=True)),
                ("removed_artifacts_at", models.DateTimeField(null=True)),
                ("removed_workspace_at", models.DateTimeField(null=True)),
                ("status", models.CharField(max_length=20)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("message", models.TextField(blank=True)),
                ("row_version", models.BigIntegerField(default=0)),
                ("seq", models.BigIntegerField(default=0)),
                ("by", models.CharField(blank=True, max_length=254)),
                ("deadline", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("rest", models.TextField(default="")),
                (
                    "cicd_tool",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="cicd_tools.cicdtool",
                    ),
                ),
                (
                    "pipeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="executions", to="pipelines.pipeline"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="executions", to="projects.project"
                    ),
                ),
                (
                    "rerun_of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reruns",
                        to="executions.pipelineexecution",
                    ),
                ),
                (
                    "triggered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pipelines.version"
                    ),
                ),
            ],
            options={
                "db_table": "cicd_integrations_pipelineexecution",
                "indexes": [
                    models.Index(fields=["project", "-id"], name="executions_project"),
                    models.Index(fields=["created_at", "id"], name="executions_created"),
                    models.Index(fields=["status", "id"], name="executions_status"),
                    models.Index(fields=["deadline"], name="executions_deadline"),
                    models.Index(fields=["pipeline", "-id"], name="executions_pipeline"),
                    models.Index(fields=["project", "concurrency_group", "ended_at"], name="executions_group"),
                ],
                "constraints": [models.UniqueConstraint(fields=("pipeline", "number"), name="executions_number")],
            },
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("boot", models.CharField(max_length=64, unique=True)),
                ("name", models.CharField(db_index=True, max_length=128)),
                ("seen_at", models.DateTimeField(db_index=True)),
                ("started_at", models.DateTimeField()),
                ("slots", models.PositiveIntegerField(default=0)),
                ("executor", models.CharField(blank=True, max_length=40)),
                ("version", models.CharField(blank=True, max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="ExecutionPlan",
            fields=[
                (
                    "execution",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="plan",
                        serialize=False,
                        to="executions.pipelineexecution",
                    ),
                ),
                ("body", models.BinaryField()),
                ("kept", models.BinaryField(default=b"")),
            ],
        ),
        migrations.CreateModel(
            name="ExecutionEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("fact", models.TextField()),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="executions.pipelineexecution",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("execution", "seq"), name="executionevent_seq")],
            },
        ),
        migrations.CreateModel(
            name="BundleExecution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=254)),
                ("row_version", models.BigIntegerField(default=0)),
                ("deadline", models.DateTimeField(db_index=True, null=True)),
                ("rest", models.TextField(default="")),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bundles",
                        to="executions.pipelineexecution",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("execution", "name"), name="bundleexecution_name")],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.CharField(max_length=254)),
                ("number", models.PositiveIntegerField()),
                ("fence", models.PositiveIntegerField()),
                ("worker", models.CharField(max_length=128)),
                ("status", models.CharField(max_length=20)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("message", models.TextField(blank=True)),
                ("exit_code", models.IntegerField(null=True)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("outcome", models.TextField(default="")),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="executions.pipelineexecution",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("execution", "step", "number"), name="attempt_number")],
            },
        ),
        migrations.CreateModel(
            name="Places",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("limiter", models.CharField(max_length=254)),
                ("used", models.IntegerField(default=0)),
                ("row_version", models.BigIntegerField(default=0)),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="places",
                        to="executions.pipelineexecution",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "places",
                "constraints": [models.UniqueConstraint(fields=("execution", "limiter"), name="places_limiter")],
            },
        ),
        migrations.CreateModel(
            name="Sending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_version", models.BigIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("effect", models.TextField()),
                ("at", models.DateTimeField(db_index=True)),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sendings",
                        to="executions.pipelineexecution",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("execution", "row_version", "number"), name="sending_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="StepExecution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=254)),
                ("index", models.PositiveIntegerField()),
                ("name", models.CharField(blank=True, max_length=254)),
                ("step_type", models.CharField(max_length=60)),
                ("status", models.CharField(max_length=20)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("message", models.TextField(blank=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("row_version", models.BigIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=128)),
                ("line", models.CharField(blank=True, max_length=254)),
                ("gate", models.CharField(blank=True, max_length=20)),
                ("allowed_failure", models.BooleanField(default=False)),
                ("offered_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("outcome", models.TextField(default="")),
                ("rest", models.TextField(default="")),
                (
                    "execution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="step_executions",
                        to="executions.pipelineexecution",
                    ),
                ),
            ],
            options={
                "db_table": "cicd_integrations_stepexecution",
                "indexes": [
                    models.Index(fields=["execution", "row_version"], name="stepexecution_version"),
                    models.Index(fields=["status", "worker"], name="stepexecution_worker"),
                    models.Index(fields=["offered_at"], name="stepexecution_offered"),
                    models.Index(fields=["due_at"], name="stepexecution_due"),
                    models.Index(fields=["gate", "id"], name="stepexecution_gate"),
                ],
                "constraints": [models.UniqueConstraint(fields=("execution", "key"), name="stepexecution_key")],
            },
        ),
    ]
