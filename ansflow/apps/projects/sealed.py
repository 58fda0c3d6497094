"""Setting and removing what is sealed: secrets, and logins at Git hosts. Nothing here gives a value back."""

from __future__ import annotations

import re
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key
from django.db import transaction

from ansflow.apps.actor import Actor
from ansflow.apps.audit.actions import record
from ansflow.apps.projects import access, queries, wanted
from ansflow.apps.projects.access import Permission
from ansflow.apps.projects.models import GitCredential, Project, Secret, Variable
from ansflow.apps.projects.sealing import newest_key, seal
from ansflow.core.errors import Conflict
from ansflow.core.redact import refusal
from ansflow.core.spec import StepSpec
from ansflow.plugins.registry import step_type

Kind = GitCredential.Kind
LOGIN = re.compile(r"[^\s:\x00-\x1f\x7f]+")


@transaction.atomic
def create_secret(actor: Actor, project_id: int, *, name: str, value: str, environment: str = "") -> Secret:
    project = access.project(actor, project_id, Permission.SECRET_CHANGE)
    found = Secret(
        project=project, name=wanted.secret_name(name), environment=wanted.environment_of(project, environment)
    )
    _check_value(name, value)
    if Variable.objects.filter(project=project, name=name).exists():
        raise Conflict(f"{name} is a variable of this project: delete that first.", code="exists")
    newest_key(project.tenant_id)  # held before the row, as a rotation does
    with wanted.one_of_a_kind(f"There is a secret {name} already: give that one a new value."):
        found.save()  # the number that the seal is bound to
    _seal(actor, project, found, value)
    record(actor, "secret.create", after={"name": name, "environment": environment}, **_about(found))
    return found


@transaction.atomic
def set_secret(actor: Actor, project_id: int, secret_id: int, *, value: str) -> Secret:
    """Gives it a new value; the old one is gone."""
    project = access.project(actor, project_id, Permission.SECRET_CHANGE)
    found = queries.secret(actor, project_id, secret_id, Permission.SECRET_CHANGE)
    _check_value(found.name, value)
    _seal(actor, project, found, value)
    record(actor, "secret.update", after={"name": found.name, "environment": found.environment}, **_about(found))
    return found


@transaction.atomic
def delete_secret(actor: Actor, project_id: int, secret_id: int) -> None:
    found = queries.secret(actor, project_id, secret_id, Permission.SECRET_CHANGE)
    about = _about(found)
    found.delete()
    record(actor, "secret.delete", before={"name": found.name, "environment": found.environment}, **about)


# ── logins at Git hosts ──────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def create_git_credential(
    actor: Actor, project_id: int, *, name: str, host: str, username: str = "", password: str = "", ssh_key: str = "",
    known_hosts: str = "",
) -> GitCredential:  # fmt: skip
    """Either `password`, which may be a token, or `ssh_key`. It is sent to `host` and nowhere else."""
    project = access.project(actor, project_id, Permission.CREDENTIAL_CHANGE)
    if bool(password) == bool(ssh_key):
        raise wanted.refused("password", "Give either a password (or token), or an ssh_key.")
    found = GitCredential(
        project=project,
        name=wanted.name(name),
        host=_host(host),
        kind=Kind.SSH_KEY if ssh_key else Kind.PASSWORD if username else Kind.TOKEN,
        username=_username(username),
        known_hosts=known_hosts,
        updated_by=actor.name,
    )
    _check_known_hosts(found)
    _check_login(found, password or ssh_key)
    newest_key(project.tenant_id)  # held before the row, as a rotation does
    with wanted.one_of_a_kind(f"There is a Git credential {found.name} already."):
        found.save()  # the number that the seal is bound to
    _seal_login(project, found, password or ssh_key)
    record(actor, "git_credential.create", after=_facts(found), **_about_login(found))
    return found


@transaction.atomic
def update_git_credential(
    actor: Actor, credential_id: int, *, username: str | None = None, password: str = "", ssh_key: str = "",
    known_hosts: str | None = None,
) -> GitCredential:  # fmt: skip
    """Name, host and kind stay: a password that is here already must not be sent to somebody else."""
    found = queries.git_credential_of(actor, credential_id, Permission.CREDENTIAL_CHANGE)
    project = found.project
    before = _facts(found)
    wrong = "password" if password and found.kind == Kind.SSH_KEY else "ssh_key"
    if (password and found.kind == Kind.SSH_KEY) or (ssh_key and found.kind != Kind.SSH_KEY):
        raise wanted.refused(wrong, f"This credential is a {found.get_kind_display().lower()}: make another one.")
    if username is not None:
        found.username = _username(username)
        if found.kind != Kind.SSH_KEY:
            found.kind = Kind.PASSWORD if username else Kind.TOKEN
    if known_hosts is not None:
        found.known_hosts = known_hosts
    _check_known_hosts(found)
    newest_key(project.tenant_id)  # held before the row, as a rotation does
    found.updated_by = actor.name
    found.save(update_fields=["username", "kind", "known_hosts", "updated_by", "updated_at"])
    if new := password or ssh_key:
        _check_login(found, new)
        _seal_login(project, found, new)
    after = {**_facts(found), "new_value": bool(new)}
    record(actor, "git_credential.update", before=before, after=after, **_about_login(found))
    return found


@transaction.atomic
def delete_git_credential(actor: Actor, credential_id: int) -> None:
    found = queries.git_credential_of(actor, credential_id, Permission.CREDENTIAL_CHANGE)
    about = _about_login(found)
    found.delete()
    record(actor, "git_credential.delete", before=_facts(found), **about)


def _host(written: str) -> str:
    """A host, with its port where it is not the usual one. Raises InvalidSpec."""
    host = written.strip().lower()
    if not host or re.search(r"[/@?#\s]", host):
        raise wanted.refused("host", "A host is a name such as git.example.com, with :port where it has its own.")
    for problem in step_type("fetch_code").check(StepSpec(id="s", parameters={"repository": f"https://{host}/x"})):
        raise wanted.refused("host", problem.message)
    return host


def _username(written: str) -> str:
    if written and not LOGIN.fullmatch(written):
        raise wanted.refused("username", "A username is one word without a colon.")
    return written


def _check_known_hosts(found: GitCredential) -> None:
    if found.kind == Kind.SSH_KEY and not found.known_hosts.strip():
        hint = f"Look at it with `ssh-keyscan {found.host.partition(':')[0]}`, and compare it with what its owner says."
        raise wanted.refused("known_hosts", "With an ssh_key the host's own key must be known.", hint=hint)


def _check_login(found: GitCredential, value: str) -> None:
    field = "ssh_key" if found.kind == Kind.SSH_KEY else "password"
    if sentence := refusal(found.name, value):
        raise wanted.refused(field, sentence, code="secret_too_short")
    if field == "password":
        if re.search(r"[\x00-\x1f\x7f]", value):
            raise wanted.refused(field, "A password is one line.")
    elif problem := _key_problem(value.encode()):
        raise wanted.refused(field, problem)


def _key_problem(key: bytes) -> str:
    load = load_ssh_private_key if b"BEGIN OPENSSH" in key else load_pem_private_key
    try:
        load(key.strip().replace(b"\r\n", b"\n") + b"\n", None)
    except TypeError:
        return "This key is locked with a passphrase, which nobody is there to type: make one without."
    except (ValueError, UnsupportedAlgorithm):
        return "This is no private key that ssh could use."
    return ""


def _seal_login(project: Project, found: GitCredential, value: str) -> None:
    found.sealed, found.key_version = seal(project.tenant_id, value.encode(), place=found.place)
    found.save(update_fields=["sealed", "key_version"])


def _facts(found: GitCredential) -> dict[str, Any]:
    return {field: getattr(found, field) for field in ("name", "host", "kind", "username", "known_hosts")}


def _about_login(row: GitCredential) -> dict[str, Any]:
    return {"object_type": "git_credential", "object_id": row.id, "object_name": row.name,
            "project_id": row.project_id}  # fmt: skip


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_value(name: str, value: str) -> None:
    if not value:
        raise wanted.refused("value", "A secret has a value: to remove it, delete it.")
    if sentence := refusal(name, value):
        raise wanted.refused("value", sentence, code="secret_too_short")


def _seal(actor: Actor, project: Project, found: Secret, value: str) -> None:
    found.sealed, found.key_version = seal(project.tenant_id, value.encode(), place=found.place)
    found.updated_by = actor.name
    found.save(update_fields=["sealed", "key_version", "updated_by", "updated_at"])


def _about(row: Secret) -> dict[str, Any]:
    return {"object_type": "secret", "object_id": row.id, "object_name": row.name, "project_id": row.project_id}
