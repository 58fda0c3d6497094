"""`ansflow scanners`: what a server with a sandbox only needs before its first scan."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import ANSFLOW, Ansflow, environment

OFFLINE = ["unshare", "--user", "--map-root-user", "--net"]


def test_none_is_installed_at_first_and_listing_makes_no_folder(ansflow: Ansflow, tmp_path: Path) -> None:
    done = ansflow("scanners", "list", "--json")
    assert done.code == 0
    assert json.loads(done.out) == [
        {"name": name, "installed": False} for name in ("secrets", "python", "workflows", "shell")
    ]
    assert "secrets    not installed" in ansflow("scanners", "list").out
    assert "secrets    未安装" in ansflow("scanners", "list", "--lang", "zh").out
    assert not (tmp_path / "data").exists()


def test_a_scanner_that_is_not_there_is_a_wrong_request(ansflow: Ansflow, tmp_path: Path) -> None:
    done = ansflow("scanners", "install", "shell", "secrts")
    assert (done.code, done.out) == (5, "")
    assert "There is no scanner secrts. Did you mean 'secrets'?" in done.err
    done = ansflow("scanners", "install", "shell", "--from", "nowhere")
    assert done.code == 5 and "There is no folder nowhere." in done.err
    assert not (tmp_path / "data").exists()


def test_what_cannot_be_had_is_said_for_each_and_leaves_nothing_half_made(ansflow: Ansflow, tmp_path: Path) -> None:
    away = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}
    done = ansflow("scanners", "install", "shell", "workflows", env=away)
    assert (done.code, done.out) == (1, "")
    for name in ("shell", "workflows"):
        why = "its tool environment could not be made: the package registry could not be reached."
        assert f"{name}: {why} PIP_INDEX_URL names a mirror." in done.err
    assert [path.name for path in (tmp_path / "data" / "tools").iterdir() if not path.name.endswith(".lock")] == []
    assert "无法访问软件包仓库" in ansflow("scanners", "install", "shell", "--lang", "zh", env=away).err


def test_what_was_downloaded_is_installed_without_a_network(ansflow: Ansflow, tmp_path: Path, project: Path) -> None:
    settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    got = ansflow("scanners", "download", "wheels", "shell", env=settings)
    if "could not be reached" in got.err:
        pytest.skip(f"the scanners cannot be downloaded here: {got.err}")
    assert got.code == 0, got.err
    if subprocess.run([*OFFLINE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no network namespaces")
    words = [ANSFLOW, "scanners", "install", "--from", "wheels", "shell"]
    done = subprocess.run(
        [*OFFLINE, *words], cwd=project, env=environment(tmp_path / "data"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"shell is installed in {tmp_path / 'data' / 'tools'}, and works.\n")
    listed = json.loads(ansflow("scanners", "list", "--json").out)
    assert [one["name"] for one in listed if one["installed"]] == ["shell"]
