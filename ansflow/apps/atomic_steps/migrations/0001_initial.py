import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("accounts", "__first__"),
        ("projects", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AtomicStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("step_type", models.CharField(max_length=60)),
                ("description", models.TextField(blank=True)),
                ("definition", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="atomic_steps",
                        to="projects.project",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="atomic_steps", to="accounts.tenant"
                    ),
                ),
            ],
            options={
                "db_table": "cicd_integrations_atomicstep",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "project", "name"), name="atomic_steps_name")
                ],
            },
        ),
    ]
