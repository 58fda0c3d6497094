"""`ansflow.service` under a real systemd, booted in a container: closed as it is, its steps have their sandbox.

make image-proof
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.composed import podman
from tests.deploy.machine import ROOT, build
from tests.deploy.test_containers import carrier_in, finished, signed_in, trigger, wait

BOOTED = "localhost/ansflow-systemd:proof"
PIPELINE = """\
version: 1
name: outlives
steps:
  wait:
    run: |
      hostname
      if unshare -U true 2>/dev/null; then exit 9; fi
      sleep 12.25
      echo whole
"""


@pytest.fixture(scope="module")
def machine(image: str) -> Iterator[tuple[str, int]]:
    """The name of the container, and the port of the server in it."""
    build(
        BOOTED,
        Path(__file__).parent / "booted" / "Dockerfile",
        ROOT / "deploy" / "systemd",
        f"--build-arg=IMAGE={image}",
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    name = f"proof-systemd-{port}"
    # privileged, as a machine is: what the unit may not do is for systemd to see to
    podman(
        "run",
        "--detach",
        f"--name={name}",
        "--systemd=always",
        "--privileged",
        f"--publish=127.0.0.1:{port}:8000",
        BOOTED,
    )
    try:
        wait(lambda: podman("exec", name, "ansflow-probe", check=False).returncode == 0, lambda: journal(name))
        yield name, port
    finally:
        podman("rm", "--force", "--volumes", "--time=0", name, check=False)


def test_a_step_in_its_sandbox_outlives_a_restart_of_the_unit(machine: tuple[str, int]) -> None:
    name, port = machine
    # a server that others can reach runs no step outside a sandbox: one that runs is in one
    with signed_in(f"http://127.0.0.1:{port}", "correct-horse-battery") as client:
        execution = trigger(client, "outlives", PIPELINE)
        wait(lambda: carrier_in(name, "12.25"), lambda: journal(name))
        podman("exec", name, "systemctl", "restart", "ansflow")
        wait(lambda: podman("exec", name, "ansflow-probe", check=False).returncode == 0, lambda: journal(name))
        (step,) = finished(client, execution)["step_executions"]
        assert (step["status"], step["attempt"]) == ("success", 1), step["message"]
        log = client.get(f"/cicd/executions/{execution}/logs/", params={"step": "wait"}).raise_for_status().text
        assert log.split() == ["sandbox", "whole"]


def journal(name: str) -> str:
    return podman("exec", name, "journalctl", "--no-pager", "--lines=40", check=False).stdout
