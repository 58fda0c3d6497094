"""The main job: the source of a real project goes through one pipeline, and every number shown is its tool's own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Inbox
from tests.e2e.real_projects import EXAMPLES, TELL, junit_numbers, real_repository

ANSFLOW = Path(sys.executable).with_name("ansflow")


def run(example: str, repository: Path, tmp_path: Path, mail_server: str, *, status: int) -> dict[str, Any]:
    """Runs the example with a mail at its end; gives the summary that `--json` ends with, steps by key."""
    project = tmp_path / "pipeline"
    project.mkdir()
    file = project / f"{example}.yml"
    file.write_text((EXAMPLES / f"{example}.yml").read_text() + TELL.format(server=mail_server))
    target = ["--input", f"target={tmp_path / 'deployed'}"] if "  target:" in file.read_text() else []
    done = subprocess.run(
        [str(ANSFLOW), "run", str(file), "--json", "--input", f"repository={repository}", *target],
        capture_output=True,
        text=True,
        env={**os.environ, "ANSFLOW_DATA_DIR": str(tmp_path / "data"), "ANSFLOW_ALLOW_PRIVATE_HOSTS": mail_server},
        cwd=project,
        check=False,
    )
    assert done.returncode == status, done.stdout[-3000:] + done.stderr[-3000:]
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    summary["steps"] = {step["key"] if "key" in step else step["step"]: step for step in summary["steps"]}
    if not_checked(summary):
        pytest.skip(f"a scanner could not be installed here: {not_checked(summary)}")
    return summary


def not_checked(summary: dict[str, Any]) -> dict[str, str]:
    return ((summary["steps"].get("scan", {}).get("outcome") or {}).get("scan") or {}).get("not_checked", {})


def legs(summary: dict[str, Any], step: str) -> dict[str, dict[str, Any]]:
    return {key: found["outcome"] for key, found in summary["steps"].items() if key.startswith(f"{step} (")}


@pytest.mark.parametrize(("name", "step_legs"), [("click", 2), ("markupsafe", 3)])
def test_a_python_project_is_built_tested_scanned_deployed_and_told_of(
    name: str, step_legs: int, tmp_path: Path, mail_server: tuple[str, Inbox]
) -> None:
    server, inbox = mail_server
    if subprocess.run(["python3", "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("the Python of this machine has no pip, with which the example builds the package")
    repository = real_repository(name, tmp_path)
    summary = run(name, repository, tmp_path, server, status=0)
    assert summary["status"] == "success"

    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True)
    assert summary["steps"]["source"]["outcome"]["outputs"]["commit"] == head.stdout.strip()

    tests = legs(summary, "unit")
    assert len(tests) == step_legs
    counted = junit_numbers(Path(summary["folder"]) / "attempts")
    assert sorted((leg["tests"]["total"], leg["tests"].get("failed", 0)) for leg in tests.values()) == sorted(counted)
    assert all(total > 50 and failed == 0 for total, failed in counted)

    assert set(summary["steps"]["scan"]["outcome"]["scan"]["checked"]) == {"secrets", "python"}

    (wheel,) = summary["steps"]["package"]["outcome"]["artifacts"]
    deployed = tmp_path / "deployed" / "current" / Path(wheel["path"]).name
    assert hashlib.sha256(deployed.read_bytes()).hexdigest() == wheel["sha256"]

    (mail,) = inbox.mails
    assert name in mail["subject"]
    assert "succeeded" in mail["subject"]


def test_express_is_packed_tested_in_two_modes_and_deployed(tmp_path: Path, mail_server: tuple[str, Inbox]) -> None:
    server, inbox = mail_server
    summary = run("express", real_repository("express", tmp_path), tmp_path, server, status=0)
    assert {leg["tests"]["total"] for leg in legs(summary, "unit").values()} == {6}
    assert list((tmp_path / "deployed" / "current").glob("express-*.tgz"))
    assert len(inbox.mails) == 1


def test_httpx_with_newest_dependencies_goes_red_and_names_its_failing_tests(
    tmp_path: Path, mail_server: tuple[str, Inbox]
) -> None:
    server, inbox = mail_server
    summary = run("httpx", real_repository("httpx", tmp_path), tmp_path, server, status=1)
    unit = summary["steps"]["unit"]["outcome"]
    assert summary["status"] == "failed"
    assert unit["tests"]["failed"] + unit["tests"].get("errors", 0) == len(unit["tests"]["failing"]) > 0
    assert summary["steps"]["package"]["status"] == "skipped"
    (mail,) = inbox.mails
    body = mail.get_body(("plain",)).get_content()
    assert unit["tests"]["failing"][0]["name"].rpartition(".")[2].split("[")[0] in body
