"""Projects and what stands in them."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Role(models.TextChoices):
    """Lowest first: each may what those before it may."""

    GUEST = "guest"
    REPORTER = "reporter"
    DEVELOPER = "developer"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class GitCredential(models.Model):
    """How to reach a Git host. The secrets are sealed, and never given out again."""

    class Kind(models.TextChoices):
        PASSWORD = "password"
        TOKEN = "token"
        SSH_KEY = "ssh_key"

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="git_credentials")
    name = models.CharField(max_length=100)
    host = models.CharField(max_length=254)
    kind = models.CharField(max_length=20, choices=Kind)
    username = models.CharField(max_length=254, blank=True)
    sealed = models.BinaryField(default=b"")  # the password, token or private key, as `kind` says
    key_version = models.PositiveIntegerField(default=0)
    known_hosts = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="projects_gitcredential_name")]

    @property
    def place(self) -> str:
        """What the seal is bound to: this row, and the host that may see it."""
        return f"git_credential:{self.id}:{self.project_id}:{self.host}"

    @property
    def has_password(self) -> bool:
        return self.kind != self.Kind.SSH_KEY and bool(self.sealed)

    @property
    def has_ssh_key(self) -> bool:
        return self.kind == self.Kind.SSH_KEY and bool(self.sealed)


class Project(models.Model):
    """`internal` projects can be read by everyone of the tenant; `private` ones by their members."""

    class Visibility(models.TextChoices):
        PRIVATE = "private"
        INTERNAL = "internal"

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    visibility = models.CharField(max_length=20, choices=Visibility, default=Visibility.PRIVATE)
    repository = models.CharField(max_length=1000, blank=True)
    default_branch = models.CharField(max_length=254, default="main")
    git_credential = models.ForeignKey(GitCredential, null=True, on_delete=models.SET_NULL, related_name="+")
    keep_executions_days = models.PositiveIntegerField(default=0)  # 0: for ever
    keep_artifacts_days = models.PositiveIntegerField(default=30)
    keep_workspaces_hours = models.PositiveIntegerField(default=24)
    max_parallel_steps = models.PositiveIntegerField(null=True)  # of all its executions together; null: no limit
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="projects_project_name")]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="projects_member_user")]


class Environment(models.Model):
    """Where deployments go. `branches` empty: from every branch; `required_approvals` is added to every deploying step.

    `groups` are names of groups whose people may answer; empty: everyone with the role for it.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="environments")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    url = models.CharField(max_length=1000, blank=True)
    branches = models.JSONField(default=list)
    required_approvals = models.PositiveIntegerField(default=0)
    groups = models.JSONField(default=list)
    self_approval = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="projects_environment_name")]


class Variable(models.Model):
    """`environment` empty: for every step of the project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="variables")
    environment = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=100)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "environment", "name"], name="projects_variable_name")
        ]


class DataKey(models.Model):
    """A tenant's key, sealed under the installation's key of that name. The newest seals, older ones still open."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="data_keys")
    version = models.PositiveIntegerField()
    sealed_by = models.CharField(max_length=64)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "version"], name="projects_datakey_version")]


class Secret(models.Model):
    """Sealed with a data key; the row's own place is bound into the seal, so that rows cannot be swapped."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="secrets")
    environment = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=100)
    sealed = models.BinaryField(default=b"")
    key_version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "environment", "name"], name="projects_secret_name")]

    @property
    def place(self) -> str:
        """What the seal is bound to: this row, under this name, for this environment."""
        return f"secret:{self.id}:{self.project_id}:{self.environment}:{self.name}"
