"""What is given out holds all that runs, and nothing else: it is built as for a release, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "ansflow" / "edge" / "static"
MISSING = (
    "hatchling is not installed: `make setup` does it"
    if find_spec("hatchling") is None
    else "the web app has not been built: `make web` does it"
    if not (STATIC / "index.html").exists()
    else ""
)
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (made,) = folder.iterdir()
    with zipfile.ZipFile(made) as opened:
        yield opened


def inside() -> set[str]:
    """Every file of the package, the built web app among them."""
    files = (path for path in (ROOT / "ansflow").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in files}


def test_every_file_of_the_package_is_in_it_to_the_byte(wheel: zipfile.ZipFile) -> None:
    assert inside() <= set(wheel.namelist())
    assert [name for name in inside() if wheel.read(name) != (ROOT / name).read_bytes()] == []


@pytest.mark.parametrize("kind", [
    "ansflow/edge/static/index.html", "ansflow/edge/locales/*.json", "ansflow/cli/locales/*.json",
    "ansflow/apps/*/migrations/0001_*.py", "ansflow/config/templates/admin/*.html", "ansflow/cli/demo/*.yml",
    "ansflow/steps/security_scan/tools/*",
])  # fmt: skip
def test_what_is_no_module_is_in_it_too(wheel: zipfile.ZipFile, kind: str) -> None:
    wanted = {str(path.relative_to(ROOT)) for path in ROOT.glob(kind)}
    assert wanted and wanted <= set(wheel.namelist())


def test_nothing_else_is_in_it(wheel: zipfile.ZipFile) -> None:
    (about,) = {name.partition("/")[0] for name in wheel.namelist()} - {"ansflow"}
    told = {f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    assert set(wheel.namelist()) - inside() == told
    assert wheel.read(f"{about}/entry_points.txt").decode() == "[console_scripts]\nansflow = ansflow.cli.main:entry\n"


def test_it_runs_from_there(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    say = "import ansflow; from ansflow.cli.main import entry; print(ansflow.__file__, flush=True); entry()"
    found = subprocess.run(
        [sys.executable, "-c", say, "--lang", "zh", "steps"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith(f"{tmp_path}/ansflow/__init__.py\n") and "security_scan" in found.stdout
