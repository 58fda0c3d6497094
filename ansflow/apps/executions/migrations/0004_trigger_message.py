"""What an execution is for stands beside it, also where it began earlier: its plan has always known it."""

import zlib

import msgspec
from django.db import migrations, models

PAGE = 500
LENGTH = 400


class Trigger(msgspec.Struct):
    message: str = ""


class Plan(msgspec.Struct):
    trigger: Trigger


def fill(apps, schema_editor):
    alias, of = schema_editor.connection.alias, msgspec.json.Decoder(Plan)
    plans = apps.get_model("executions", "ExecutionPlan").objects.using(alias).order_by("execution_id")
    executions = apps.get_model("executions", "PipelineExecution").objects.using(alias)
    last = 0
    while page := list(plans.filter(execution_id__gt=last).values_list("execution_id", "body")[:PAGE]):
        for last, body in page:
            if message := of.decode(zlib.decompress(body)).trigger.message:
                executions.filter(id=last).update(trigger_message=message[:LENGTH])


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0003_deployments"),
    ]

    operations = [
        migrations.AddField(
            model_name="pipelineexecution",
            name="trigger_message",
            field=models.CharField(blank=True, db_default="", max_length=400),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
