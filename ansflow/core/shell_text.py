"""`${{ }}` in a script of sh or bash: each value goes through an environment variable and stays one literal word part.

    run: git log ${{ git.branch }}     becomes     run: git log "${ANSFLOW_VALUE_1}"

The script is read as the shell reads it: quotes, `$(…)`, backticks, `${…}`, arithmetic, here-documents, comments and
`case` decide how the variable must be written at each place. Where a value would be executed all the same (`eval`,
arithmetic, the command's own name, a program in another language), where it could not be put in (a quoted
here-document), or where sh and bash read the text differently, the script is refused with a sentence that says how to
mend it. What a program makes of its arguments is its own business: a value that begins with `-` is still an option.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.expressions import Expression, split
from ansflow.core.shell.commands import Commands
from ansflow.core.shell.quotes import Refused
from ansflow.core.spec import StepSpec

EVALUATING = re.compile(r"\b(?:declare|typeset|local|readonly|export)\s+(?:-\w+\s+)*-\w*[in]")
KNOWN_SHELLS = ("", "sh", "bash", "dash", "ash")
HINT = 'Pass it by `env` (`env: {NAME: …}`) and write "$NAME" in the script.'


def without_expressions(step: StepSpec) -> StepSpec:
    """The step with every `${{ }}` of its script moved to an environment variable.

    A step without `shell` is run by bash or else by sh: its script is taken where both read it alike, and otherwise, if
    bash reads it well, `shell` becomes bash.
    """
    script = "\n".join(step.run)
    if "${{" not in script:
        return step
    shell = step.shell
    try:
        rewritten, variables = rewrite(script, shell)
    except InvalidSpec as refused:
        if shell:
            raise
        shell = "bash"
        try:
            rewritten, variables = rewrite(script, shell)
        except InvalidSpec:
            raise refused from None
    values = {name: f"${{{{ {expression} }}}}" for name, expression in variables.items()}
    return replace(step, run=(rewritten,), shell=shell, env={**step.env, **values})


def rewrite(script: str, shell: str) -> tuple[str, dict[str, str]]:
    """The script without expressions, and the variables that hold their values: name → text of the expression.

    `shell` is the step's; "" is bash or, where that is missing, sh. Raises InvalidSpec with a sentence whose path is
    `("run",)`, and ExpressionError when the text between the braces is none.
    """
    if "${{" not in script:
        return script, {}
    parts = split(script)
    name = (shell.split() or [""])[0].rpartition("/")[2]
    if name not in KNOWN_SHELLS:
        first = next(part for part in parts if isinstance(part, Expression))
        raise _problem(f"{_shown(first)} cannot stand in a script of {name}: only sh and bash scripts can be read.")
    if EVALUATING.search(script):
        first = next(part for part in parts if isinstance(part, Expression))
        raise _problem(f"{_shown(first)} cannot stand in this script: variables that are declared with -i or -n"
                       " evaluate what they are given.")  # fmt: skip
    items = [item for part in parts for item in (part if isinstance(part, str) else (part,))]
    reader = Commands(items, bash=name == "bash")
    try:
        reader.commands("")
    except Refused as refused:
        raise _problem(_sentence(reader, refused)) from None
    return "".join(reader.out), {variable: text for text, variable in reader.names.items()}


def _sentence(reader: Commands, refused: Refused) -> str:
    line = 1 + sum(1 for item in reader.items[: reader.at] if item == "\n")
    here = [item for item in reader.items[: reader.at + 1] if isinstance(item, Expression)]
    every = [item for item in reader.items if isinstance(item, Expression)]
    return f"{_shown((here or every)[-1 if here else 0])} cannot stand in this script (line {line}): {refused}."


def _shown(expression: Expression) -> str:
    return f"${{{{ {expression.text} }}}}"


def _problem(message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="unsafe_value", message=message, hint=HINT, path=("run",))])
