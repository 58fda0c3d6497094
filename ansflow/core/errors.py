"""Every error that AnsFlow raises on purpose.

AnsFlowError
├── InvalidSpec        the pipeline file, an input or an option is wrong; carries every Problem found
├── NotAvailable       this installation cannot do what was asked (an executor, a tool, a scanner is missing)
├── Conflict           the thing has moved on: already finished, stale version, lost fence
├── NotFound           no such execution, step or file; also what the asker may not know of
├── Forbidden          the asker sees the thing, and may not do that to it
└── ExternalError      something outside refused or could not be reached; `permanent` says whether to try again

"The command failed" is an `Outcome`, never an error: errors are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

Path = tuple[str | int, ...]
"""Where a value stands in a document: `("steps", "unit", "needs", 0)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: what, where, and how to mend it.

    `line` and `column` count from 1; they are 0 until a document has placed the problem. `file` is empty for the
    pipeline file itself, and names a template, relative to the repository, when the place is in there.
    """

    code: str
    message: str
    hint: str = ""
    path: Path = ()
    line: int = 0
    column: int = 0
    file: str = ""

    def at(self, line: int, column: int) -> Problem:
        return replace(self, line=line, column=column)

    def for_programs(self) -> dict[str, Any]:
        return {**asdict(self), "path": list(self.path)}

    def __str__(self) -> str:
        file = f"{self.file}:" if self.file else ""
        place = f"{file}{self.line}:{self.column}: " if self.line else f"{file} " if file else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"


class AnsFlowError(Exception):
    """Root of the tree. `code` is for programs, the message for people; `details` say in plain values what there is."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.details = dict(details or {})


class InvalidSpec(AnsFlowError):
    code = "invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NotAvailable(AnsFlowError):
    code = "not_available"


class Conflict(AnsFlowError):
    code = "conflict"


class NotFound(AnsFlowError):
    code = "not_found"


class Forbidden(AnsFlowError):
    code = "forbidden"


class ExternalError(AnsFlowError):
    code = "external"

    def __init__(self, message: str, *, permanent: bool, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.permanent = permanent
