from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansflow.cli.texts import choose_language

ANSFLOW = str(Path(sys.executable).with_name("ansflow"))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test begins in English, whatever the machine or the test before spoke."""
    choose_language(["--lang", "en"], {})
    yield


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Ansflow = Callable[..., Done]


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "ANSFLOW_DATA_DIR": str(data), "PYTHONPATH": os.getcwd(), **more}


@pytest.fixture
def ansflow(tmp_path: Path) -> Ansflow:
    """Runs the real command in an empty folder: `ansflow("validate", "x.yml", env={"LANG": "zh_CN"})`."""
    home = tmp_path / "project"
    home.mkdir()

    def run(*words: str, env: dict[str, str] | None = None, stdin: bytes = b"", cwd: Path = home) -> Done:
        done = subprocess.run(
            [ANSFLOW, *words], capture_output=True, input=stdin, cwd=cwd,
            env=environment(tmp_path / "data", **(env or {})), timeout=60, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    return run


@pytest.fixture
def project(tmp_path: Path, ansflow: Ansflow) -> Path:
    """The folder in which `ansflow` runs."""
    return tmp_path / "project"
