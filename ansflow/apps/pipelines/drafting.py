"""Where the text of a version comes from: written as it is, made from a list of steps, or read from the repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from ansflow.apps.pipelines.sources import FILE, Checked, check_document, check_source
from ansflow.apps.projects.models import Project
from ansflow.apps.projects.queries import git_login
from ansflow.core.errors import AnsFlowError, Conflict, InvalidSpec, NotFound, Problem
from ansflow.core.spec import PipelineSpec
from ansflow.document.listed import to_file
from ansflow.document.reader import read
from ansflow.document.templates import put_in_place
from ansflow.infra.repositories import Names, check_file, names, revision
from ansflow.plugins.git.address import BadAddress, check_ref, parse_address
from ansflow.plugins.git.running import Login, host_refusal
from ansflow.plugins.outbound import Outbound, allowed_hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text without fault, and where it came from."""

    source: str
    spec: PipelineSpec
    commit: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)


def written(source: str) -> Draft:
    """Raises InvalidSpec with every problem, placed in the text."""
    return Draft(source=source, spec=check_source(source).required())


def listed(steps: Sequence[Any], *, name: str, description: str) -> Draft:
    """Raises InvalidSpec whose problems name the fields of the list."""
    found = to_file(steps, name=name, description=description)
    checked = check_source(found.text)
    if checked.spec is None:
        # The client never saw the text, so a line of it would say nothing.
        problems = [replace(one, path=found.field(one.path), line=0, column=0) for one in checked.problems]
        raise InvalidSpec(problems)
    return Draft(source=found.text, spec=checked.spec)


def from_repository(project: Project, path: str, ref: str = "") -> Draft:
    """Reads the file, and the templates that it uses, at `ref` (empty: the project's default branch).

    Talks to another machine for up to a minute, so no transaction may be open. Raises InvalidSpec (a file, ref or text
    that is wrong), Conflict (no repository, or one that cannot be read so), ExternalError (it cannot be reached).
    """
    _require_repository(project)
    path, ref = path or FILE, ref or project.default_branch
    _checked("repository_path", check_file, path)
    _checked("ref", check_ref, ref)
    with ExitStack() as opened:
        try:
            found = opened.enter_context(
                revision(project.repository, ref=ref, login=_login(project), outbound=Outbound(allowed_hosts()))
            )
        except BadAddress as error:  # nothing that this request has said
            raise Conflict(str(error)) from None
        except NotFound as error:
            raise _wrong("ref", error) from None
        source = _checked("repository_path", found.text, path)
        checked: Checked = check_document(put_in_place(read(source), path, found))
        return Draft(source=source, spec=checked.required(), commit=found.commit, templates=found.texts)


def refs(project: Project) -> Names:
    """The branches and tags of its repository, as they are there now.

    Talks to another machine for up to ten seconds. Raises Conflict (no repository, or one that cannot be read so),
    ExternalError (it cannot be reached).
    """
    _require_repository(project)
    try:
        return names(project.repository, login=_login(project), outbound=Outbound(allowed_hosts()))
    except BadAddress as error:
        raise Conflict(str(error)) from None


def _require_repository(project: Project) -> None:
    if not project.repository:
        raise Conflict(f"The project {project.name} has no repository. Give it one first.")


def _checked(field_name: str, check: Callable[[str], str], value: str) -> str:
    try:
        return check(value)
    except (BadAddress, NotFound) as error:
        raise _wrong(field_name, error) from None


def _login(project: Project) -> Login:
    """The project's credential, where it is meant for the host of the repository: it goes to no other."""
    if project.git_credential is None:
        return Login()
    login = git_login(project.id, project.git_credential.name)
    if message := host_refusal(login, parse_address(project.repository)):
        raise Conflict(message)
    return login


def _wrong(field_name: str, error: AnsFlowError) -> InvalidSpec:
    return InvalidSpec([Problem(code=error.code, message=str(error), path=(field_name,))])
