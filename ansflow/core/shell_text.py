"""`${{ }}` in a script."""

from __future__ import annotations

from ansflow.core.errors import InvalidSpec, Problem


def rewrite(script: str, shell: str) -> tuple[str, dict[str, str]]:
    """Raises InvalidSpec where an expression stands in the script."""
    if "${{" not in script:
        return script, {}
    message = "An expression cannot stand in a script."
    raise InvalidSpec([Problem(code="shell_text", message=message, hint="Pass it by `env`.", path=("run",))])
