"""`fetch_code`: brings a Git repository into the workspace, or the one in which the pipeline file stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ansflow.core.errors import InvalidSpec, NotAvailable, Problem
from ansflow.core.outcome import Outcome
from ansflow.core.schema import Boolean, Choice, Field, Integer, ListOf, Record, Shaped, Text, is_template
from ansflow.core.spec import StepSpec
from ansflow.plugins.contracts import Command, Ended, StepJob
from ansflow.plugins.git.address import BadAddress, check_path, check_ref, parse_address
from ansflow.plugins.own_work import conclude_own_work, own_command
from ansflow.plugins.programs import first_program, how_to_install

SUBMODULES = Shaped(forms=((bool, Boolean()), (str, Choice(("recursive",)))), wanted="true, false or recursive")


class FetchCode:
    name = "fetch_code"
    summary = "Brings a Git repository into the workspace: over https, ssh, git or from a path."
    example = """\
type: fetch_code
with:
  depth: 1
"""
    parameters = Record(
        fields={
            "repository": Field(
                Text(strict=True),
                "Address (https://, ssh://, user@host:path, git://) or, on your own machine, a path. Without it: the "
                "repository in which the pipeline file stands, with your uncommitted changes; on a server, that of the "
                "project.",
            ),
            "ref": Field(
                Text(), "Branch, tag or commit. Without it: what the run was started for, or the default branch."
            ),
            "depth": Field(Integer(minimum=0), "How many commits of history; 0 means all of them.", default=0),
            "submodules": Field(SUBMODULES, "Fetch submodules too; `recursive` also theirs.", default=False),
            "lfs": Field(Boolean(), "Fetch the contents of Git LFS files; needs git-lfs.", default=False),
            "sparse": Field(ListOf(Text()), "Check out only these folders (and the files at the top)."),
            "path": Field(Text(), "Folder of the workspace to check out into.", default="."),
            "credential": Field(
                Text(strict=True),
                "What to log in with: a secret of the step (`user:password`, a token, or for ssh a private key), or a "
                "Git credential of the project.",
            ),
            "known_hosts": Field(
                Text(multiline=True), "Host keys to trust for ssh, as in ~/.ssh/known_hosts. Unknown hosts are refused."
            ),
            "links": Field(
                Choice(("inside", "all")),
                "Symbolic links that lead out of the checkout become plain text files (inside), or stay links (all).",
                default="inside",
            ),
        },
        what="`with` of a fetch_code step",
    )

    def check(self, spec: StepSpec) -> Iterable[Problem]:
        if spec.run:
            yield Problem(
                code="not_here",
                message="A fetch_code step runs no script.",
                hint="Move `run` into a step of its own that needs this one.",
                path=("run",),
            )
        yield from _parameter_problems(spec)

    def login(self, spec: StepSpec) -> str | None:
        """`LogsIn`: the project's credential goes with the project's repository, or where its name is written."""
        named = spec.parameters.get("credential")
        if named:
            return None if named in spec.secrets else str(named)
        return None if spec.parameters.get("repository") else ""

    def prepare(self, job: StepJob) -> Command:
        if problems := list(self.check(replace(job.spec, parameters=job.parameters))):
            raise InvalidSpec(problems)
        first_program(("git",), job.env)
        if job.parameters.get("lfs"):
            _require_lfs(job)
        known = job.context.get("git", {})
        own = not job.parameters.get("repository")
        repository = str(job.parameters.get("repository") or "")
        if job.base is None:
            repository = repository or _of_the_project(known)
            _check_address(job, repository)
        parameters = {
            **job.parameters,
            "repository": repository,
            "login": _given(job, repository),
            "workspace": str(job.workspace),
            "base": str(job.base or job.workspace),
            "leave_out": [str(job.data), str(job.workspace)],
            "working_tree": own and known.get("working_tree") is True,
            "ref": job.parameters.get("ref") or _started_for(known, own),
        }
        command = own_command(job, "ansflow.steps.fetch_code", parameters)
        network = "open" if repository and parse_address(repository).transport != "path" else ""
        return replace(command, cwd="", reads=_read_outside(job.base, repository) if job.base else (), network=network)

    def conclude(self, job: StepJob, ended: Ended) -> Outcome:
        return conclude_own_work(job, ended)[0]


def _parameter_problems(spec: StepSpec) -> Iterable[Problem]:
    checks = {"repository": parse_address, "ref": check_ref, "path": check_path}
    for name, look in checks.items():
        value = spec.parameters.get(name)
        if value and not is_template(value):
            try:
                look(value)
            except BadAddress as error:
                yield Problem(code=error.code, message=str(error), path=("with", name))


def _of_the_project(known: Mapping[str, Any]) -> str:
    """Raises InvalidSpec where the execution's project has no repository."""
    repository = str(known.get("repository") or "")
    if not repository:
        hint = "Name one in `with.repository`, or give the project its repository."
        raise _wrong("no_repository", "This pipeline has no repository to fetch.", "repository", hint)
    return repository


def _check_address(job: StepJob, repository: str) -> None:
    """What a server fetches is not its own: no path of it is read, and nobody logs in with keys of its user."""
    try:
        address = parse_address(repository)
    except BadAddress as error:
        raise _wrong(error.code, str(error), "repository") from None
    if address.transport == "path":
        message = f"{repository!r} is a path, and a server fetches from addresses only: https://…, ssh://…, user@host:…"
        raise _wrong("bad_address", message, "repository")
    if address.transport == "ssh" and job.login is None and not job.parameters.get("credential"):
        message = f"{address.host} is reached over ssh, which wants a key."
        hint = "Name a Git credential of the project, or a secret of the step, in `with.credential`."
        raise _wrong("login_wanted", message, "credential", hint)


def _given(job: StepJob, repository: str) -> dict[str, str] | None:
    """The login that a server keeps. Its host is compared here, before the step can see the secret."""
    if job.login is None:
        return None
    from ansflow.plugins.git.running import check_login  # noqa: PLC0415 — `ansflow run` starts without subprocess

    check_login(job.login, parse_address(repository))
    return asdict(job.login)


def _wrong(code: str, message: str, name: str, hint: str = "") -> InvalidSpec:
    return InvalidSpec([Problem(code=code, message=message, hint=hint, path=("with", name))])


def _require_lfs(job: StepJob) -> None:
    try:
        first_program(("git-lfs",), job.env)
    except NotAvailable as error:
        message = f"lfs: true needs git-lfs, which is not installed here. {how_to_install('git-lfs')}"
        raise NotAvailable(message) from error


def _read_outside(base: Path, repository: str) -> tuple[str, ...]:
    """Folders outside the workspace that are read: a repository on this machine, and where its `.git` leads."""
    if not repository:
        top = next((folder for folder in (base, *base.parents) if (folder / ".git").exists()), base)
    elif parse_address(repository).transport == "path":
        top = (base / Path(repository).expanduser()).resolve()
    else:
        return ()
    return (str(top), *_linked_from(top / ".git"))


def _linked_from(marker: Path) -> tuple[str, ...]:
    """A worktree's `.git` is a file that names a folder in `.git/worktrees` of the repository that it belongs to."""
    try:
        folder = Path(marker.read_text().removeprefix("gitdir:").strip())
    except OSError:
        return ()
    return (str(folder.parents[1]),) if len(folder.parts) > 2 and folder.parent.name == "worktrees" else (str(folder),)


def _started_for(known: object, own: bool) -> str:
    """What the execution is about, as far as it concerns our own repository."""
    if not own or not isinstance(known, dict):
        return ""
    return str(known.get("commit") or known.get("tag") or known.get("branch") or "")
