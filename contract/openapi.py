"""Writes openapi.json, the schema of the REST API: run it after a change of an operation, and read the diff.

python contract/openapi.py
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

FILE = Path(__file__).parent / "openapi.json"


def text() -> str:
    """The whole file; Django must have been set up."""
    from ansflow.api.documentation import openapi  # noqa: PLC0415 — wants Django's settings

    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"ANSFLOW_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "ansflow.config.django_settings"}
        import django

        django.setup()
        FILE.write_text(text(), encoding="utf-8")
