"""The live view under a real terminal: keys, Ctrl-C, width, and what is left on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import ANSFLOW, environment
from tests.cli.emulator import Terminal


def open_terminal() -> tuple[int, int]:
    """Skips the test where there is no terminal to be had, as in a container without /dev/pts."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"This machine gives no terminal: {error}")


class Session:
    """A program under a terminal of its own."""

    def __init__(self, argv: list[str], env: dict[str, str], columns: int, cwd: Path | None = None) -> None:
        self.master, self.follower = open_terminal()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        # The leader of a session that opens a terminal gets it as its own, with Ctrl-C.
        opened = ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(self.follower), *argv]
        self.process = subprocess.Popen(opened, env=env, cwd=cwd, start_new_session=True)
        self.text = ""

    def until(self, pattern: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} never came; the terminal got {self.text[-800:]!r}"
            if select.select([self.master], [], [], left)[0] and not self._read():
                assert re.search(pattern, self.text), f"it ended without {pattern!r}: {self.text[-800:]!r}"

    def _read(self) -> bool:
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            return False
        if self.follower >= 0 and data:  # the child has opened its side: from now on its end is an end here
            os.close(self.follower)
            self.follower = -1
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def end(self) -> int:
        while self._read():
            pass
        return self.process.wait(30)

    def seen(self, columns: int) -> str:
        terminal = Terminal(columns)
        terminal.feed(self.text)
        assert terminal.cursor_shown
        return terminal.shown


@contextmanager
def under_a_terminal(
    *argv: str, data: Path, columns: int = 80, cwd: Path | None = None, **env: str
) -> Iterator[Session]:
    session = Session(list(argv), environment(data, TERM="xterm-256color", **env), columns, cwd)
    try:
        yield session
    finally:
        if session.process.poll() is None:
            session.process.kill()
            session.process.wait()
        os.close(session.master)


SCRIPTED = (sys.executable, "-m", "tests.cli.scripted")


def test_running_steps_show_their_last_line_and_ctrl_c_cancels(tmp_path: Path) -> None:
    with under_a_terminal(*SCRIPTED, "patient", data=tmp_path) as session:
        session.until(r"ready")
        session.until(r"46 %")
        session.type("\x03")
        assert session.end() == 130
        text = session.seen(80)
    assert "⊘ 构建镜像  cancelled" in text
    assert "title" not in text


def test_forty_columns_in_chinese_never_wrap(tmp_path: Path) -> None:
    with under_a_terminal(*SCRIPTED, "patient", "--lang", "zh", data=tmp_path, columns=40) as session:
        session.until(r"2 运行中")
        terminal = Terminal(40)
        terminal.strict = True
        terminal.feed(session.text.replace("^C", ""))
        session.type("\x03")
        assert session.end() == 130


def test_y_approves_without_enter(tmp_path: Path) -> None:
    with under_a_terminal(*SCRIPTED, "gated", data=tmp_path) as session:
        session.until(r"\[y\] approve")
        session.type("y")
        assert session.end() == 0
        assert "✓ production  success" in session.seen(80)


def test_n_rejects(tmp_path: Path) -> None:
    with under_a_terminal(*SCRIPTED, "gated", data=tmp_path) as session:
        session.until(r"Deploy 1.2 to production\?")
        session.until(r"\[n\] reject")
        session.type("xn")
        assert session.end() == 1
        assert "Rejected by you." in session.seen(80)


def test_the_keyboard_is_given_back(tmp_path: Path) -> None:
    with under_a_terminal(*SCRIPTED, "gated", data=tmp_path) as session:
        before = termios.tcgetattr(session.master)
        session.until(r"\[y\] approve")
        assert not termios.tcgetattr(session.master)[3] & termios.ICANON
        session.type("y")
        session.until(r"kept in")
        assert termios.tcgetattr(session.master)[3] == before[3]
        session.end()


def test_a_term_signal_ends_the_run_and_says_so_in_the_exit_code(tmp_path: Path) -> None:
    with under_a_terminal(*SCRIPTED, "patient", data=tmp_path) as session:
        session.until(r"ready")
        session.process.send_signal(signal.SIGTERM)
        assert session.end() == 143


def test_ten_thousand_steps_scroll_by(tmp_path: Path) -> None:
    with under_a_terminal(*SCRIPTED, "many", data=tmp_path) as session:
        assert session.end() == 0
    assert "10,000 success" in session.text
    assert session.text.count("\x1b[J") < 2000, "it is drawn by time, not by event"


def test_ctrl_c_in_a_real_run_leaves_no_process(tmp_path: Path) -> None:
    marker = f"ansflow-test-{os.getpid()}-{time.monotonic_ns()}"
    (tmp_path / ".ansflow.yml").write_text(
        "steps:\n"
        f"  loop: {{run: 'exec -a {marker} sleep 300 & exec -a {marker} sleep 300', shell: bash}}\n"
        f"  deaf: {{run: \"trap '' TERM; echo deaf; exec -a {marker} sleep 300\", shell: bash, grace: 1s}}\n"
    )
    with under_a_terminal(ANSFLOW, "run", data=tmp_path / "data", cwd=tmp_path) as session:
        session.until(r"loop")
        session.until(r"deaf +\d.*deaf")
        session.type("\x03")
        session.until(r"cancelling")
        session.type("\x03")
        assert session.end() == 130
        session.seen(80)
    assert not alive(marker)


def alive(marker: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if command.startswith(marker):
                found.append(command)
    return found
