"""Writes docs/reference/roles.md from ansflow/apps/projects/access.py: run it after a change of a permission.

python docs/roles.py
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PAGE = Path(__file__).parent / "reference" / "roles.md"
HEAD = """\
<!-- Written by docs/roles.py from ansflow/apps/projects/access.py: change it there. -->
# Roles and scopes

In a project everyone has one role, and may all that the roles before it may: {roles}.
An administrator of the organisation is an owner in each of its projects. In an internal project everyone of the
organisation is at least a guest. A project that you may not see answers as if it did not exist.

An API token may what its user may, as far as its scopes say: {scopes}.
Scopes do not hold each other: a token that starts executions and reads how they end wants `read` and `run`.

| permission | least role | scope of a token |
|---|---|---|
"""


def page() -> str:
    """The whole page; Django must have been set up."""
    from ansflow.apps.projects.access import LEAST, Scope  # noqa: PLC0415 — wants Django's settings
    from ansflow.apps.projects.models import Role  # noqa: PLC0415

    head = HEAD.format(
        roles=", ".join(f"`{role.value}`" for role in Role), scopes=", ".join(f"`{scope.value}`" for scope in Scope)
    )
    rows = [f"| `{permission.value}` | {role.value} | `{scope.value}` |" for permission, (role, scope) in LEAST.items()]
    return head + "\n".join([*rows, ""])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"ANSFLOW_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "ansflow.config.django_settings"}
        import django

        django.setup()
        PAGE.write_text(page(), encoding="utf-8")
