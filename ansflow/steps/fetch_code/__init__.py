"""`fetch_code`: brings a Git repository into the workspace, or the one in which the pipeline file stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

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
                "Address (https://, ssh://, user@host:path, git://) or path. Without it: the repository in which the "
                "pipeline file stands; a run on your own machine takes your uncommitted changes along.",
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
                "Name of the secret to log in with: `user:password`, a token, or for ssh a private key. "
                "It must stand in the step's `secrets` too.",
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

    def prepare(self, job: StepJob) -> Command:
        if problems := list(self.check(replace(job.spec, parameters=job.parameters))):
            raise InvalidSpec(problems)
        first_program(("git",), job.env)
        if job.parameters.get("lfs"):
            _require_lfs(job)
        known = job.context.get("git", {})
        own = not job.parameters.get("repository")
        parameters = {
            **job.parameters,
            "workspace": str(job.workspace),
            "base": str(job.base),
            "leave_out": [str(job.data), str(job.workspace)],
            "working_tree": own and known.get("working_tree") is True,
            "ref": job.parameters.get("ref") or _started_for(known, own),
        }
        command = own_command(job, "ansflow.steps.fetch_code", parameters)
        return replace(command, cwd="", reads=_read_outside(job))

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
    credential = spec.parameters.get("credential")
    if credential and credential not in spec.secrets:
        yield Problem(
            code="unknown_secret",
            message=f"The credential {credential!r} is no secret of this step.",
            hint=f"Add it: secrets: [{credential}]",
            path=("with", "credential"),
        )


def _require_lfs(job: StepJob) -> None:
    try:
        first_program(("git-lfs",), job.env)
    except NotAvailable as error:
        message = f"lfs: true needs git-lfs, which is not installed here. {how_to_install('git-lfs')}"
        raise NotAvailable(message) from error


def _read_outside(job: StepJob) -> tuple[str, ...]:
    """Folders outside the workspace that are read: a repository on this machine, and where its `.git` leads."""
    repository = job.parameters.get("repository")
    if not repository:
        top = next((folder for folder in (job.base, *job.base.parents) if (folder / ".git").exists()), job.base)
    elif parse_address(repository).transport == "path":
        top = (job.base / Path(repository).expanduser()).resolve()
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
