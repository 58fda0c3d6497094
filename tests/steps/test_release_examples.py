"""The examples of deploy, notify and security_scan run as their first lines say, through the command line."""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from email.policy import default
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from aiosmtpd.controller import Controller

EXAMPLES = Path(__file__).parents[2] / "examples"
ANSFLOW = Path(sys.executable).with_name("ansflow")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Copies the example away and runs it there, with a data folder of its own."""

    def start(example: str, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / example
        shutil.copytree(EXAMPLES / example, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("out"))
        return subprocess.run(
            [ANSFLOW, "run", folder / ".ansflow.yml", "--plain", *options],
            env={**os.environ, "ANSFLOW_DATA_DIR": str(tmp_path / "data"), **env},
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    return start


@pytest.fixture
def mail() -> Iterator[tuple[int, list[Any]]]:
    mails: list[Any] = []

    class Box:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            mails.append(email.message_from_bytes(envelope.content, policy=default))
            return "250 OK"

    with closing(socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    controller = Controller(Box(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port, mails
    controller.stop()


def test_the_deploy_example_deploys_and_goes_back(run: Run, tmp_path: Path) -> None:
    site = tmp_path / "deploy" / "out" / "site"
    for execution in (1, 2):
        done = run("deploy")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"Made by execution {execution}." in (site / "current" / "index.html").read_text()
    assert run("deploy", "--input", "action=rollback").returncode == 0
    assert "Made by execution 1." in (site / "current" / "index.html").read_text()
    lines = (tmp_path / "data" / "deployments" / "demo.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["success"] * 3


def test_the_notify_example_tells_of_failure_and_repair(run: Run, mail: tuple[int, list[Any]]) -> None:
    port, mails = mail
    server, allow = f"127.0.0.1:{port}", {"ANSFLOW_ALLOW_PRIVATE_HOSTS": f"127.0.0.1:{port}"}
    assert run("notify", "-i", "broken=true", "-i", f"mail_server={server}", **allow).returncode == 1
    assert run("notify", "-i", f"mail_server={server}", **allow).returncode == 0
    assert run("notify", "-i", f"mail_server={server}", **allow).returncode == 0
    assert [message["Subject"] for message in mails] == [
        "notify-example failed",
        "notify-example is fixed: it succeeded again",
    ]
    assert "test failed: Exited with code 1." in mails[0].get_content()


def test_the_notify_example_reaches_nothing_inside_unasked(run: Run, mail: tuple[int, list[Any]]) -> None:
    port, mails = mail
    done = run("notify", "-i", "broken=true", "-i", f"mail_server=127.0.0.1:{port}", ANSFLOW_ALLOW_PRIVATE_HOSTS="")
    assert f"ANSFLOW_ALLOW_PRIVATE_HOSTS=127.0.0.1:{port}" in done.stdout
    assert mails == []


def test_the_scan_example_scans_the_repository_that_it_stands_in(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "security_scan"
    folder.mkdir()
    (folder / "app.py").write_text("import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n")
    for command in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm first"):
        subprocess.run(["git", "-C", folder, *command.split()], check=True, capture_output=True)
    done = run("security_scan")
    if "could not be made" in done.stdout:
        pytest.skip("the scanners cannot be installed here: " + done.stdout)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "app.py:2  B602" in done.stdout
    assert "1 new finding of severity high or above" in done.stdout
