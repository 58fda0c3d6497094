"""Puts the built web app into what is given out.

It is not in the repository, and nobody who installs AnsFlow needs Node.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "ansflow/edge/static"


class WebApp(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # `make setup` builds it, and only where its sources have changed
            return
        root = Path(self.root)
        if not (root / BUILT / "index.html").exists():
            subprocess.run([root / "bin" / "web"], check=True)
        build_data["artifacts"].append(f"/{BUILT}/")
