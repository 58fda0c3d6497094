"""What schemathesis may not do: end its own token, or deactivate the person whom that belongs to."""

from __future__ import annotations

import os
from typing import Any

import schemathesis

OWN = {"user": os.environ["HOSTILE_USER"], "token": os.environ["HOSTILE_TOKEN"]}
NOBODY = 10**12


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.method in ("PATCH", "DELETE"):
        for name, own in OWN.items():
            if str((case.path_parameters or {}).get(name, "")).strip() == own:
                case.path_parameters[name] = NOBODY
