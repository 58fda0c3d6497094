import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("projects", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CicdTool",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("tool_type", models.CharField(max_length=40)),
                ("base_url", models.CharField(blank=True, max_length=1000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("authenticated", "Authenticated"),
                            ("needs_auth", "Needs Auth"),
                            ("offline", "Offline"),
                            ("unknown", "Unknown"),
                            ("error", "Error"),
                        ],
                        default="unknown",
                        max_length=20,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("checked_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "project",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cicd_tools",
                        to="projects.project",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cicd_tools", to="accounts.tenant"
                    ),
                ),
            ],
            options={
                "db_table": "cicd_integrations_cicdtool",
                "constraints": [models.UniqueConstraint(fields=("tenant", "name"), name="cicd_tools_name")],
            },
        ),
    ]
