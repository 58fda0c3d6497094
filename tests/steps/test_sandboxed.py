"""deploy and security_scan under bubblewrap, as a server runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansflow.plugins.registry import executor

ANSFLOW = Path(sys.executable).with_name("ansflow")

DEPLOY = """\
version: 1
name: sandboxed
steps:
  page: echo made > page.html
  publish:
    type: deploy
    needs: page
    with: {strategy: copy, target: site}
"""

SCAN = """\
version: 1
name: sandboxed
steps:
  code: printf 'import subprocess\\nsubprocess.call(input(), shell=True)\\n' > app.py
  scan:
    type: security_scan
    needs: code
    with: {scanners: [python]}
"""


def run(folder: Path, text: str, where: str) -> subprocess.CompletedProcess[str]:
    if why := executor("sandbox").check():
        pytest.skip(why)
    (folder / "ci.yml").write_text(text)
    return subprocess.run(
        [ANSFLOW, "run", "ci.yml", "--plain", "--executor", where],
        env={**os.environ, "ANSFLOW_DATA_DIR": str(folder / "data")},
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_a_copy_into_a_folder_that_the_sandbox_does_not_show_is_no_success(tmp_path: Path) -> None:
    done = run(tmp_path, DEPLOY, "sandbox")
    assert done.returncode == 1, done.stdout
    assert "site" in done.stdout and not (tmp_path / "site" / "current").exists()


def test_a_copy_into_a_folder_that_is_there_arrives(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site").chmod(0o777)  # a sandbox started by root runs its steps as another user
    done = run(tmp_path, DEPLOY, "sandbox")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "current" / "page.html").read_text() == "made\n"


def test_the_sandbox_uses_the_scanners_that_the_host_has_installed(tmp_path: Path) -> None:
    without = run(tmp_path, SCAN, "sandbox")
    assert without.returncode == 1
    assert "A sandbox can only use what `ansflow scanners install` or a scan with" in " ".join(without.stdout.split())
    first = run(tmp_path, SCAN, "host")
    if "could not be made" in first.stdout:
        pytest.skip("the scanners cannot be installed here: " + first.stdout)
    done = run(tmp_path, SCAN, "sandbox")
    assert "app.py:2  B602" in done.stdout
    assert "not checked" not in done.stdout
