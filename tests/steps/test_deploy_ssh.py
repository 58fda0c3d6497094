"""Deploys over a real OpenSSH server on loopback, with its own host key and settings."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.core.status import StepStatus
from ansflow.steps.deploy import Deploy

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


@dataclass(frozen=True)
class Server:
    port: int
    key: str
    known_hosts: str
    folder: Path

    @property
    def target(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{self.folder}/a site"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not os.path.exists(SSHD) or not shutil.which("ssh"):
        pytest.skip("OpenSSH is not installed (make services installs it)")
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "client.pub", folder / "authorized")
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nAuthorizedKeysFile {folder}/authorized\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    log = (folder / "log").open("wb")
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log)
    wait_until_open(port)
    host_key = (folder / "host.pub").read_text()
    try:
        yield Server(port, (folder / "client").read_text(), f"[127.0.0.1]:{port} {host_key}", folder)
    finally:
        process.terminate()
        process.wait()
        log.close()


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_open(port: int) -> None:
    """sshd tells nobody when it listens, so this asks until it answers."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    pytest.fail("sshd did not start")


def job_for(make_job: Any, server: Server, *, secrets: dict[str, str] | None = None, **parameters: Any) -> Any:
    given = {"strategy": "ssh", "target": server.target, **parameters}
    all_secrets = {"DEPLOY_KEY": server.key, "DEPLOY_KNOWN_HOSTS": server.known_hosts}
    job = make_job(type="deploy", parameters=given, secrets=all_secrets if secrets is None else secrets)
    (job.workspace / "index.html").write_text("one")
    (job.workspace / "naïve name.txt").write_text("one")
    return job


def test_a_release_travels_over_ssh_and_back_again(make_job: Any, perform: Any, server: Server) -> None:
    job = job_for(make_job, server, verify='test -f "naïve name.txt" && pwd')
    done = perform(job)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    site = server.folder / "a site"
    assert (site / "current" / "index.html").read_text() == "one"
    (job.workspace / "index.html").write_text("two")
    assert perform(job).outcome.status is StepStatus.SUCCESS
    assert (site / "current" / "index.html").read_text() == "two"
    assert perform(job_for(make_job, server, action="rollback")).outcome.status is StepStatus.SUCCESS
    assert (site / "current" / "index.html").read_text() == "one"


def test_the_key_stands_in_no_argument_and_no_log(make_job: Any, perform: Any, server: Server) -> None:
    done = perform(job_for(make_job, server))
    secret = server.key.splitlines()[2]
    assert secret not in " ".join(done.command.argv) + done.log + repr(done.command.env)


def test_a_failed_check_at_the_other_end_brings_the_old_release_back(
    make_job: Any, perform: Any, server: Server
) -> None:
    perform(job_for(make_job, server))
    job = job_for(make_job, server, verify="grep -q one index.html")
    (job.workspace / "index.html").write_text("broken")
    done = perform(job)
    assert done.outcome.status is StepStatus.FAILED
    assert (server.folder / "a site" / "current" / "index.html").read_text() == "one"


def test_an_unknown_host_key_stops_everything(make_job: Any, perform: Any, server: Server, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    wrong = f"[127.0.0.1]:{server.port} {(tmp_path / 'other.pub').read_text()}"
    for known in (wrong, "# nobody\n"):
        done = perform(job_for(make_job, server, known_hosts=known))
        assert done.outcome.status is StepStatus.FAILED
        assert "Host key verification failed" in done.outcome.message
        assert "known_hosts" in done.outcome.message


def test_a_key_that_is_not_accepted_is_named_as_the_cause(
    make_job: Any, perform: Any, server: Server, tmp_path: Path
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    secrets = {"OTHER": (tmp_path / "other").read_text(), "DEPLOY_KNOWN_HOSTS": server.known_hosts}
    done = perform(job_for(make_job, server, secrets=secrets, key={"secret": "OTHER"}))
    assert done.outcome.status is StepStatus.FAILED
    assert "Permission denied" in done.outcome.message
    assert "does not accept the key" in done.outcome.message


def test_nobody_at_the_port_is_a_sentence(make_job: Any, perform: Any, server: Server) -> None:
    job = job_for(make_job, server, target=f"ssh://a@127.0.0.1:{free_port()}/srv")
    done = perform(job)
    assert "127.0.0.1 could not be reached over ssh" in done.outcome.message
    assert "Connection refused" in done.outcome.message


def test_a_key_that_the_step_was_not_given_is_named(make_job: Any, server: Server) -> None:
    with pytest.raises(NotAvailable, match=r"secrets: \[MISSING\]"):
        Deploy().prepare(job_for(make_job, server, key={"secret": "MISSING"}))


@pytest.mark.parametrize("hostile", ["$(touch pwned)", "'; touch pwned; '", "a\\' b", "`touch pwned`"])
def test_a_hostile_folder_name_is_only_a_name(make_job: Any, perform: Any, server: Server, hostile: str) -> None:
    target = f"ssh://{getpass.getuser()}@127.0.0.1:{server.port}{server.folder}/{hostile}"
    done = perform(job_for(make_job, server, target=target))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (server.folder / hostile / "current" / "index.html").read_text() == "one"
    assert not (Path.home() / "pwned").exists()


def test_killed_while_it_copies_the_old_release_stays_and_nothing_half_is_left(
    make_job: Any, perform: Any, server: Server, count: Callable[[str, int], None]
) -> None:
    target = f"ssh://{getpass.getuser()}@127.0.0.1:{server.port}{server.folder}/killed"
    site = server.folder / "killed"
    job = job_for(make_job, server, target=target)
    before = time.monotonic()
    assert perform(job).outcome.status is StepStatus.SUCCESS
    duration, killed = time.monotonic() - before, 0
    (job.workspace / "big.bin").write_bytes(os.urandom(30_000_000))
    for number in range(1, 9):
        (job.workspace / "index.html").write_text("two")
        command = Deploy().prepare(job)
        env = {**command.env, "ANSFLOW_OUTPUT": str(job.attempt_folder / "outputs")}
        process = subprocess.Popen(
            command.argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
        assert process.stdin is not None
        process.stdin.write(command.stdin)
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(duration * (0.6 + 0.1 * number))
            continue  # it was quicker than the kill
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed += 1
        whole = (site / "current" / "index.html").read_text() == "one" or (site / "current" / "big.bin").exists()
        assert whole
        for release in (site / "releases").iterdir():
            big = release / "big.bin"
            assert not big.exists() or big.stat().st_size == 30_000_000
    deadline = time.monotonic() + 20
    while "Another deployment" in (done := perform(job)).outcome.message:  # the other end notices a moment later
        assert time.monotonic() < deadline
    assert done.outcome.status is StepStatus.SUCCESS
    assert not list(site.glob(".incoming-*"))
    count("deployments over ssh killed by SIGKILL, current whole", killed)
