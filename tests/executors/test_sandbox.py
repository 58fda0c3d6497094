"""What a step in the sandbox must not see, must not do, and must not leave behind."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.executors import sandbox
from ansflow.executors.sandbox import Sandbox
from ansflow.executors.seccomp import filter_program
from ansflow.plugins.contracts import Command, Ended, Launch

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
CANARY = "canary-5b1f0c9e"
Inside = Callable[..., str]
Make = Callable[..., Launch]

if why := Sandbox().check():
    pytest.skip(why, allow_module_level=True)


@pytest.fixture
def inside(tmp_path: Path, launch: Make) -> Inside:
    """What a script prints in the sandbox; it must end well, or as told."""
    count = 0

    def inside(script: str, *, code: int = 0, network: str = "", **how: object) -> str:
        nonlocal count
        count += 1
        asked = replace(launch(script, **how), attempt=tmp_path / f"attempt-{count}", network=network)
        running = Sandbox().start(asked)
        ended = running.wait(60)
        text = running.spool.read_text(errors="replace")
        assert isinstance(ended, Ended) and ended.error == "" and ended.exit_code == code, (ended, text)
        return text

    return inside


def test_the_environment_is_the_commands_own(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSFLOW_DATABASE_URL", CANARY)
    text = inside("env", env={**PATH, "GREETING": "hello"})
    assert CANARY not in text and "GREETING=hello" in text and "HOME=/tmp" in text


def test_secrets_show_in_no_environment_and_no_arguments_of_the_first_process(inside: Inside) -> None:
    script = "cat /proc/1/environ /proc/1/cmdline"
    assert CANARY not in inside(script, env={**PATH, "TOKEN": CANARY})


def test_other_processes_of_the_machine_cannot_be_seen(inside: Inside) -> None:
    numbers = inside("echo /proc/[0-9]*").split()
    assert len(numbers) <= 4
    assert "no" in inside(f"kill -0 {os.getpid()} 2>/dev/null || echo no")


HIDDEN = {
    "other users' passwords": "cat /etc/shadow",
    "the home of root": "ls /root/.ssh /root/.bashrc",
    "the folder of the attempt": 'ls "$ATTEMPT"/spool',
    "the root of the first process": "ls /proc/1/root/home",
    "host devices": "ls /dev/sda /dev/vda /dev/mem /dev/kmsg /dev/fuse",
    "the host's /tmp": 'ls "$OUTSIDE"',
}
REFUSED = {
    "write to the system": "echo x > /usr/bin/ansflow-was-here",
    "write to /etc": "echo x > /usr/local/ansflow-was-here",
    "mount": "mount -t tmpfs x /mnt",
    "a user namespace of its own": "unshare -U true",
    "a mount namespace of its own": "unshare -m true",
    "another root": "chroot / true",
    "a device": "mknod dev b 8 0",
    "become root": "su -c id || sudo -n id",
    "another host name": "hostname other",
    "kernel settings": "echo 1 > /proc/sys/kernel/panic",
    "connect to this machine": "bash -c 'exec 3<>/dev/tcp/127.0.0.1/$PORT'",
    "raw sockets": 'python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"',
    "the keyring": "python3 -c \"import ctypes,sys; sys.exit(ctypes.CDLL(None).syscall(250, 0, -3, 1) < 0)\"",
    "io_uring": "python3 -c \"import ctypes,sys; sys.exit(ctypes.CDLL(None).syscall(425, 1, 0) < 0)\"",
    "text into a terminal": "python3 -c \"import fcntl; fcntl.ioctl(0, 0x5412, b'x')\"",
}  # fmt: skip


@pytest.mark.parametrize("what", {**HIDDEN, **REFUSED})
def test_it_is_out_of_reach(what: str, inside: Inside, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(CANARY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = str(server.getsockname()[1])
        env = {**PATH, "OUTSIDE": str(outside), "ATTEMPT": str(tmp_path / "attempt-1"), "PORT": port}
        text = inside(f"{{ {(HIDDEN | REFUSED)[what]}; }} && exit 99; exit 0", env=env)
        assert CANARY not in text
        with pytest.raises(BlockingIOError):
            server.accept()


def test_no_privilege_is_left_and_none_can_be_got(inside: Inside) -> None:
    status = dict(line.split(":\t") for line in inside("cat /proc/self/status").splitlines() if ":\t" in line)
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert "0" not in status["Uid"].split()


@pytest.mark.parametrize("as_whom", ["a user of the run", "the worker's own user"])
def test_no_open_file_comes_along(
    as_whom: str, inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open folder of the host would be a way out of the sandbox."""
    if as_whom == "the worker's own user":
        monkeypatch.setattr(sandbox, "_run_uid", lambda workspace: None)
    held = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        assert sorted(inside("ls /proc/self/fd").split()) == ["0", "1", "2", "3"]  # 3 is the listing itself
    finally:
        os.close(held)


def test_there_is_no_network_unless_asked_for(inside: Inside) -> None:
    script = "python3 -c 'import socket; print([name for _, name in socket.if_nameindex()])'"
    assert inside(script) == "['lo']\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        inside(f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 3)'", network="open")


def test_a_kind_of_network_that_it_lacks_is_refused(launch: Make) -> None:
    with pytest.raises(NotAvailable, match="no network of kind 'limited'"):
        Sandbox().start(replace(launch("true"), network="limited"))


def test_a_step_with_an_open_network_cannot_reach_a_supervisor(inside: Inside, tmp_path: Path) -> None:
    """Abstract sockets belong to the network namespace; the shim turns away who lives in another user namespace."""
    script = """python3 -c '
import os, socket
link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
link.connect("\\0" + os.environ["ANSFLOW_SUPERVISION"])
try:
    link.send(b"c")
except BrokenPipeError:
    pass
print("still here")'"""
    assert inside(script, network="open") == "still here\n"


def test_everything_written_belongs_to_the_user_of_the_run(inside: Inside, tmp_path: Path) -> None:
    """A later step, which may run as the same user only, must be able to change and remove it."""
    inside("mkdir -p a/b && echo x > a/b/c && chmod 000 a")
    assert inside("chmod 700 a && cat a/b/c && rm -r a && ls -A") == "x\n"


def test_what_the_worker_put_into_the_workspace_can_be_changed(inside: Inside, tmp_path: Path) -> None:
    inside("mkdir cache")
    (tmp_path / "workspace" / "cache" / "restored").write_text("old")
    (tmp_path / "workspace" / "link").symlink_to("/etc/passwd")
    owner = os.stat("/etc/passwd").st_uid
    inside("echo new > cache/restored")
    assert os.stat("/etc/passwd").st_uid == owner


def test_folders_named_by_the_command_are_shown_for_reading_or_writing(launch: Make, tmp_path: Path) -> None:
    tool, store = tmp_path / "tool", tmp_path / "store"
    tool.mkdir()
    store.mkdir(mode=0o777)
    store.chmod(0o777)
    (tool / "run").write_text(f"#!/bin/sh\necho x > {store}/made; echo x > {tool}/made\n")
    (tool / "run").chmod(0o755)
    command = Command(argv=(str(tool / "run"),), env=PATH, reads=(str(tool),), writes=(str(store),))
    ended = Sandbox().start(launch(command=command)).wait(60)
    assert ended is not None and ended.exit_code != 0
    assert (store / "made").exists() and not (tool / "made").exists()


def test_a_program_outside_of_it_is_refused_by_name(launch: Make, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    with pytest.raises(
        NotAvailable, match="program cannot be found in the sandbox, which shows /usr, /opt and the work"
    ):
        Sandbox().start(launch(argv=(str(program),)))


def test_a_sandbox_that_cannot_be_set_up_is_our_failure(launch: Make) -> None:
    command = Command(argv=("/bin/true",), env=PATH, reads=("/no/such/folder",))
    ended = Sandbox().start(launch(command=command)).wait(60)
    assert ended is not None and ended.exit_code is None and ended.error != ""


def test_processes_are_limited(inside: Inside) -> None:
    if os.getuid() != 0:
        pytest.skip("without root there is no user of the run's own to count processes of")
    assert inside("ulimit -u 2>/dev/null || bash -c 'ulimit -u'").strip() == "1024"


def test_memory_is_limited(launch: Make, tmp_path: Path) -> None:
    asked = launch(argv=(sys.executable, "-c", "bytearray(300_000_000)"), memory=200_000_000)
    ended = Sandbox().start(asked).wait(60)
    assert ended is not None and ended.exit_code == 1
    assert "MemoryError" in (tmp_path / "attempt" / "spool").read_text()


def test_the_filter_is_whole_instructions_and_known_for_two_machines() -> None:
    for machine in ("x86_64", "aarch64"):
        program = filter_program(machine)
        assert program and len(program) % 8 == 0
    assert filter_program("pdp11") == b""
