"""What the engine asks of a project: its secrets, its caches, and the workspace that a continuation begins with."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from ansflow.apps.executions.models import PipelineExecution, StepExecution
from ansflow.apps.executions.protection import environment_of, is_protected
from ansflow.apps.projects.models import Environment, Project
from ansflow.apps.projects.queries import git_login, secret_values
from ansflow.core.errors import NotFound
from ansflow.core.plan import Plan
from ansflow.core.status import Reason
from ansflow.engine.ports import ArtifactStore, Facts
from ansflow.infra.storage.blobs import Blobs
from ansflow.infra.storage.change_log import ChangeLog
from ansflow.infra.storage.changes import Body
from ansflow.infra.storage.travelling import TravellingWorkspaces
from ansflow.infra.storage.workspaces import FileWorkspaces
from ansflow.plugins.git.running import Login


def project_of(execution: int) -> int:
    found = PipelineExecution.objects.filter(id=execution).values_list("project_id", flat=True).first()
    if found is None:
        raise NotFound(f"There is no execution {execution}.")
    return found


def facts(execution: int, *, address: str) -> Facts:
    """`address` is that of this server."""
    row = PipelineExecution.objects.select_related("project").get(id=execution)
    return Facts(row.number, row.project.name, f"{address}/api/v1/cicd/executions/{execution}/", row.trigger_type)


def cache_owner(execution: int) -> str:
    """Executions of one project share their caches; others see nothing of them."""
    return f"project-{project_of(execution)}"


class ExecutionSecrets:
    """`Secrets` of the project that an execution belongs to, those of the step's environment first.

    `plan_of` gives the frozen plan. The secrets of a protected environment go only to an execution whose plan named
    that environment before the run: then, and only then, have its rules been laid over the plan.
    """

    def __init__(self, plan_of: Callable[[int], Plan]) -> None:
        self._plan_of = plan_of

    def values(self, execution: int, names: Sequence[str], *, environment: str = "") -> Mapping[str, str]:
        project = project_of(execution)
        if environment:
            self._check(project, execution, environment)
        return secret_values(project, names, environment)

    def login(self, execution: int, name: str) -> Login | None:
        """A project has at most one repository, with at most one Git credential of its own."""
        project = Project.objects.select_related("git_credential").get(id=project_of(execution))
        if name:
            return git_login(project.id, name)
        own = project.git_credential
        return git_login(project.id, own.name) if own else None

    def _check(self, project: int, execution: int, environment: str) -> None:
        rule = Environment.objects.filter(project=project, name=environment).first()
        if rule is None or not is_protected(rule):
            return
        plan = self._plan_of(execution)
        if not any(environment_of(plan, key) == environment for key in plan.steps):
            raise NotFound(
                f"The environment {environment} is protected, and this execution did not name it before it began."
            )


class ContinuedWorkspaces(FileWorkspaces):
    """Workspaces that begin, for an execution that continues another, with what its kept steps left.

    It is put together when it is first opened, beside its place, and moved there as a whole: a crash on the way leaves
    no half of it. Where the old workspace is gone, the artifacts of the kept steps are put back.
    """

    def __init__(self, root: Path, artifacts: ArtifactStore) -> None:
        super().__init__(root)
        self._artifacts = artifacts
        self._opening = Lock()

    def open(self, execution: int) -> Path:
        path = self.root / str(execution) / "workspace"
        if path not in self._made and not path.exists():
            with self._opening:
                if not path.exists():
                    self._take_over(execution, path)
        return super().open(execution)

    def _take_over(self, execution: int, path: Path) -> None:
        old, steps = _continued(execution)
        if old is None:
            return
        with _beside(path) as new:
            if self.exists(old):
                new.rmdir()
                _copy(self.root / str(old) / "workspace", new)
            else:
                _put_back(self._artifacts, old, steps, new)
            new.rename(path)


class ContinuedTravelling(TravellingWorkspaces):
    """The same for workspaces that follow to other machines: whoever comes first writes down for all what they begin
    with. Of an old one that is still known that is its files, on whichever machine they are."""

    def __init__(self, root: Path, *, artifacts: ArtifactStore, blobs: Blobs, log: ChangeLog, worker: str) -> None:
        super().__init__(root, blobs=blobs, log=log, worker=worker)
        self._artifacts = artifacts

    def beginning(self, execution: int) -> Body:
        old, steps = _continued(execution)
        if old is None:
            return Body()
        if (left := self.left(old)) != Body():
            return left
        with _beside(self.root / str(execution) / "workspace") as folder:
            _put_back(self._artifacts, old, steps, folder)
            return self.body_of(folder)


def _continued(execution: int) -> tuple[int | None, Sequence[str]]:
    """The execution that this one takes steps over from, and which; None where it takes none."""
    kept = StepExecution.objects.filter(execution=execution, reason=Reason.KEPT.value)
    steps = list(kept.order_by("index").values_list("key", flat=True))
    old = PipelineExecution.objects.filter(id=execution).values_list("rerun_of_id", flat=True).first()
    return (old, steps) if steps else (None, ())


@contextmanager
def _beside(workspace: Path) -> Iterator[Path]:
    """An empty folder on the same disk. Whatever is still there at the end goes."""
    folder = workspace.with_name("taking-over")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_back(artifacts: ArtifactStore, old: int, steps: Sequence[str], workspace: Path) -> None:
    """Of each step from where it really ran: it may have been kept several times over."""
    for key in steps:
        source: int | None = old
        while source is not None and not artifacts.restore(source, key, workspace):
            taken = StepExecution.objects.filter(execution=source, key=key, reason=Reason.KEPT.value).exists()
            before = PipelineExecution.objects.filter(id=source).values_list("rerun_of_id", flat=True).first()
            source = before if taken else None


def _copy(source: Path, target: Path) -> None:
    """Folders, regular files and links as links. What else a step may have left, a FIFO or a socket, stays behind."""

    def passed_over(folder: str, names: list[str]) -> list[str]:
        kinds = {name: os.lstat(os.path.join(folder, name)).st_mode for name in names}
        return [
            name for name, mode in kinds.items()
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
        ]  # fmt: skip

    shutil.copytree(source, target, symlinks=True, ignore=passed_over)
