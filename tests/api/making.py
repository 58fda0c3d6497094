"""How to make what a route names, and a body that it takes. A route without an entry fails by name: add one here.

`OBJECTS` is keyed by the path up to a parameter: `projects/{project}/members/{member}` → makes a member of the project
that it is given, and returns its id. `STATES`, `BODIES` and `QUERIES` are keyed by the route; a state is what must have
happened to an object before the route can do something to it. `ALSO` names the other answers of a route that is
allowed, where a valid request can meet something else than success.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.utils import timezone

from ansflow.apps.accounts import actions as accounts
from ansflow.apps.accounts.models import Group, Tenant, User
from ansflow.apps.actor import system
from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.executions import actions as executions
from ansflow.apps.executions import running
from ansflow.apps.executions.models import StepExecution, Worker
from ansflow.apps.pipelines.models import Pipeline, Version
from ansflow.apps.projects.models import Environment, GitCredential, Member, Project, Role, Secret, Variable
from ansflow.apps.tools.models import CicdTool
from tests.api.routes import Route
from tests.world import PASSWORD, World

NUMBERS = itertools.count(1)
MISSING = 10**12


def user_of(tenant: Tenant, **known: bool) -> User:
    name = f"person-{next(NUMBERS)}"
    return User.objects.create(username=name, email=f"{name}@{tenant.name}.example", tenant=tenant, **known)


def member(world: World, project: Project) -> int:
    return Member.objects.create(project=project, user=user_of(project.tenant), role=Role.REPORTER).id


def environment(world: World, project: Project) -> int:
    return Environment.objects.create(project=project, name=f"place-{next(NUMBERS)}").id


def variable(world: World, project: Project) -> int:
    return Variable.objects.create(project=project, name=f"NAME_{next(NUMBERS)}", value="red").id


def secret(world: World, project: Project) -> int:
    return Secret.objects.create(project=project, name=f"NAME_{next(NUMBERS)}", sealed=b"sealed", key_version=1).id


def git_credential(world: World, project: Project) -> int:
    return GitCredential.objects.create(
        project=project, name=f"login-{next(NUMBERS)}", host="git.example", kind=GitCredential.Kind.TOKEN
    ).id


def local_tool(world: World, project: Project) -> int:
    return CicdTool.objects.get(tenant=project.tenant, name="local").id


def group(world: World, project: Project) -> int:
    return Group.objects.create(tenant=project.tenant, name=f"group-{next(NUMBERS)}").id


def token(world: World, project: Project) -> int:
    text = f"ansf_{next(NUMBERS):040}"
    digest = sha256(text.encode()).hexdigest()
    made = user_of(project.tenant).api_tokens.create(name="made", prefix=text[:12], digest=digest, scopes=["read"])
    return made.id


STEP = "run: echo one\n"
SOURCE = "version: 1\nname: made\nsteps:\n  unit:\n    run: echo one\n"


def pipeline(world: World, project: Project, source: str = SOURCE) -> int:
    made = Pipeline.objects.create(project=project, name=f"pipeline-{next(NUMBERS)}")
    digest = sha256(source.encode()).hexdigest()
    made.latest = Version.objects.create(pipeline=made, number=1, source=source, digest=digest)
    made.save()
    return made.id


def execution(world: World, project: Project) -> int:
    """One that waits at a gate."""
    source = SOURCE + "    approval: {required: 1}\n"
    made = executions.trigger(system(project.tenant_id), pipeline(world, project, source))
    running.engine().begin(made)
    return made


def approval(world: World, project: Project) -> int:
    return StepExecution.objects.get(execution=execution(world, project), key="unit").id


def atomic_step(world: World, project: Project) -> int:
    return AtomicStep.objects.create(
        tenant=project.tenant, project=project, name=f"step-{next(NUMBERS)}", step_type="custom", definition=STEP
    ).id


def worker(world: World, project: Project) -> int:
    now, name = timezone.now(), f"worker-{next(NUMBERS)}"
    return Worker.objects.create(boot=name, name=name, started_at=now, seen_at=now, slots=2).id


Made = Callable[[World, Project], int | str]
OBJECTS: dict[str, Made] = {
    "projects/{project}": lambda world, project: project.id,
    "projects/{project}/members/{member}": member,
    "projects/{project}/environments/{environment}": environment,
    "projects/{project}/variables/{variable}": variable,
    "projects/{project}/secrets/{secret}": secret,
    "auth/users/{user}": lambda world, project: user_of(project.tenant).id,
    "auth/groups/{group}": group,
    "auth/tokens/{token}": token,
    "pipelines/{id}": pipeline,
    "pipelines/{id}/versions/{number}": lambda world, project: 1,
    "cicd/git-credentials/{credential}": git_credential,
    "cicd/atomic-steps/{id}": atomic_step,
    "cicd/atomic-steps/types/{name}": lambda world, project: "custom",
    "cicd/executions/{id}": execution,
    "cicd/executions/{id}/steps/{key}": lambda world, project: "unit",
    "cicd/executions/{id}/artifacts/{place}": lambda world, project: "unit/nothing.txt",
    "approvals/{id}": approval,
    "cicd/tools/{tool}": local_tool,
    "workers/{worker}": worker,
}
COUNTED = {  # what starts anew in each parent, so that it is everywhere
    "pipelines/{id}/versions/{number}",
    "cicd/executions/{id}/steps/{key}",
    "cicd/executions/{id}/artifacts/{place}",
}


def archived(project: Project, *path: int | str) -> None:
    Project.objects.filter(id=project.id).update(archived_at=timezone.now())


def drained(project: Project, *path: int | str) -> None:
    Worker.objects.filter(id=path[0]).update(wish=Worker.Wish.DRAIN)


def ended(project: Project, *path: int | str) -> None:
    executions.cancel(system(project.tenant_id), int(path[0]))


def saved_again(project: Project, *path: int | str) -> None:
    made, source = Pipeline.objects.get(id=path[0]), SOURCE + "    timeout: 1m\n"
    digest = sha256(source.encode()).hexdigest()
    made.latest = Version.objects.create(pipeline=made, number=2, source=source, digest=digest)
    made.save()


STATES: dict[str, Callable[..., None]] = {
    "POST projects/{project}/unarchive/": archived,
    "POST cicd/executions/{id}/rerun/": ended,
    "POST cicd/executions/{id}/resume/": ended,
    "POST cicd/executions/{id}/retry/": ended,
    "POST pipelines/{id}/versions/{number}/restore/": saved_again,
    "POST workers/{worker}/resume/": drained,
}

Body = Callable[[World, "Project | None"], dict[str, Any]]


def just(**fields: Any) -> Body:
    return lambda world, project: fields


def in_project(**fields: Any) -> Body:
    return lambda world, project: {"project": project.id if project else MISSING, **fields}


def code_for_the_admin(world: World, project: Project | None) -> dict[str, Any]:
    code, _ = accounts.offer_password_reset(world.actor("admin"), world.users["admin"].id)
    return {"code": code, "password": "correct-horse-battery-2"}


SIGN_IN = just(username="admin", password=PASSWORD)
BODIES: dict[str, Body] = {
    "POST auth/tickets/": just(),
    "POST projects/": just(name="another"),
    "PATCH projects/{project}/": just(description="changed"),
    "POST projects/{project}/archive/": just(),
    "POST projects/{project}/unarchive/": just(),
    "POST projects/{project}/members/": lambda world, project: {
        "user": user_of(project.tenant if project else world.tenant).username,
        "role": "reporter",
    },
    "PATCH projects/{project}/members/{member}/": just(role="guest"),
    "POST projects/{project}/environments/": just(name="staging"),
    "PATCH projects/{project}/environments/{environment}/": just(description="changed"),
    "POST projects/{project}/variables/": just(name="COLOUR", value="blue"),
    "PATCH projects/{project}/variables/{variable}/": just(value="blue"),
    "POST projects/{project}/secrets/": just(name="KEY", value="a-canary-secret"),
    "PUT projects/{project}/secrets/{secret}/": just(value="a-canary-secret"),
    "POST cicd/git-credentials/": in_project(name="another", host="git.example", password="a-canary-secret"),
    "PATCH cicd/git-credentials/{credential}/": just(username="robot"),
    "POST cicd/tools/": just(tool_type="jenkins"),
    "POST cicd/tools/{tool}/health_check/": just(),
    "POST auth/token/": SIGN_IN,
    "POST auth/token/refresh/": just(refresh="nothing"),
    "POST auth/token/verify/": just(token="nothing"),
    "POST auth/password/": code_for_the_admin,
    "POST auth/logout/": just(),
    "POST auth/session/": SIGN_IN,
    "DELETE auth/session/": just(),
    "POST auth/users/": just(username="another", email="another@acme.example"),
    "PATCH auth/users/{user}/": just(name="Changed"),
    "PATCH auth/users/me/": just(name="Changed"),
    "POST auth/users/{user}/password_reset/": just(),
    "POST auth/groups/": just(name="another"),
    "PATCH auth/groups/{group}/": just(name="changed"),
    "POST auth/tokens/": just(name="another", scopes=["admin"]),
    "POST cicd/atomic-steps/": in_project(name="another", definition=STEP),
    "PATCH cicd/atomic-steps/{id}/": just(description="changed"),
    "POST cicd/executions/": lambda world, project: {"pipeline_id": pipeline(world, project) if project else MISSING},
    "POST cicd/executions/{id}/cancel/": just(),
    "POST cicd/executions/{id}/rerun/": just(),
    "POST cicd/executions/{id}/resume/": just(from_step="unit"),
    "POST approvals/{id}/respond/": just(action="approve"),
    "POST pipelines/{id}/run/": just(),
    "POST pipelines/": in_project(name="another", source=SOURCE),
    "PATCH pipelines/{id}/": just(description="changed"),
    "POST pipelines/{id}/sync/": just(),
    "POST pipelines/validate/": just(source=SOURCE),
    "POST pipelines/plan/": just(source=SOURCE),
    "POST pipelines/{id}/validate/": just(source=SOURCE),
    "POST pipelines/{id}/plan/": just(),
    "POST pipelines/{id}/plan/diff/": just(before={}, after={"event": "push"}),
    "POST pipelines/{id}/edits/": just(edits=[["set", "steps.unit.timeout", "5m"]]),
    "POST pipelines/{id}/versions/{number}/restore/": just(),
    "POST workers/{worker}/drain/": just(),
    "POST workers/{worker}/resume/": just(),
    "POST workers/{worker}/stop/": just(),
}

QUERIES: dict[str, str] = {
    "GET cicd/executions/{id}/logs/download/": "?step=unit",
    "GET cicd/executions/{id}/logs/outline/": "?step=unit",
    "GET cicd/executions/{id}/logs/search/": "?q=one",
    "GET cicd/executions/{id}/logs/stream/": "?step=unit",
    "GET cicd/executions/{id}/logs/times/": "?step=unit",
}
"""What a route has to be asked with."""

ALSO: dict[str, set[int]] = {
    "POST cicd/tools/": {403, 422},  # this release has no other tools, and says so to administrators
    "GET cicd/executions/{id}/artifacts/{place}": {404},  # it has kept nothing
    "POST pipelines/{id}/sync/": {409},  # its text is kept here
    "GET projects/{project}/refs/": {409},  # it has no repository
    "POST auth/logout/": {409},  # an API token has no session
    "DELETE auth/session/": {409},
}


def key(route: Route) -> str:
    return f"{route.method} {route.path.removeprefix('/api/v1/')}"


def parameters(route: Route) -> list[str]:
    """The keys of `OBJECTS` that the path wants, outermost first."""
    parts = route.path.removeprefix("/api/v1/").strip("/").split("/")
    return ["/".join(parts[: at + 1]) for at, part in enumerate(parts) if part.startswith("{")]


def filled(route: Route, values: list[int | str]) -> str:
    """The path with a value for each parameter, and the query that it wants."""
    found = route.path
    for parameter, value in zip(parameters(route), values, strict=True):
        found = found.replace(parameter.rsplit("/", 1)[-1], str(value), 1)
    return found + QUERIES.get(key(route), "")


def values(route: Route, world: World, project: Project) -> list[int | str]:
    """Makes everything that the path names, in this project, and brings it to where the route can do something."""
    unknown = [parameter for parameter in parameters(route) if parameter not in OBJECTS]
    assert not unknown, f"tests/api/making.py: OBJECTS does not say how to make {unknown}"
    made = [OBJECTS[parameter](world, project) for parameter in parameters(route)]
    if key(route) in STATES:
        STATES[key(route)](project, *made)
    return made


def body(route: Route, world: World, project: Project | None) -> dict[str, Any] | None:
    if route.operation is None or route.operation.body is None:
        return None
    assert key(route) in BODIES, f"tests/api/making.py: BODIES has no body for {key(route)}"
    return BODIES[key(route)](world, project)


def missing(parameter: str) -> int | str:
    """What no object has."""
    return MISSING


def kind(route: Route) -> str:
    """To whom the object belongs: a project, the whole tenant, one person, or everybody."""
    first = route.path.removeprefix("/api/v1/").split("/{")[0]
    return KINDS.get(first, "project")


KINDS = {
    "auth/users": "tenant",
    "auth/groups": "tenant",
    "cicd/tools": "tenant",
    "auth/tokens": "person",
    "cicd/atomic-steps/types": "everybody",
    "workers": "everybody",
}


def encoded(body: dict[str, Any] | None) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def text(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode(errors="replace")
