"""Cancel and time-out end a step's whole process tree, whatever shape it has taken."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

from ansflow.executors.host import Host
from ansflow.plugins.contracts import Command, Launch, Limits, Running
from tests.release import RELEASE

GRACE = 0.5
READY = b"ready\n"


LOOP = "while :; do sleep 0.05; done"
DEAF = 'trap "" TERM INT HUP;'

SCRIPTS = {
    "one process": "echo ready; exec sleep 1000",
    "a pipeline": "echo ready; sleep 1000 | sleep 1000 | cat",
    "background jobs in subshells": "( (sleep 1000 &) ; (sleep 1000; :) & ) ; echo ready; sleep 1000",
    "job control with groups of their own": "set -m; sleep 1000 & sleep 1000 & echo ready; wait",
    "nohup": "nohup sleep 1000 >/dev/null 2>&1 & echo ready; sleep 1000",
    "a session of its own": "setsid sleep 1000 & setsid -f sleep 1000; echo ready; sleep 1000",
    "deaf to TERM": f"{DEAF} echo ready; {LOOP}",
    "a deaf daemon": f"setsid -f sh -c '{DEAF} echo ready; {LOOP}'; sleep 1000",
    "stopped": "sh -c 'kill -STOP $$' & echo ready; kill -STOP $$",
    "stopped and deaf": f"{DEAF} echo ready; kill -STOP $$; {LOOP}",
    "an orphan that goes on printing": f"(setsid sh -c '{DEAF} while echo; do sleep 1; done' &); echo ready; {LOOP}",
    "an orphan that holds the output open": "(setsid sleep 1000 &) ; echo ready; sleep 1000",
    "one that starts its child again": f"{DEAF} echo ready; while :; do sleep 1000; done",
    "without environment": 'setsid -f env -i TREE="$TREE" sleep 1000; echo ready; sleep 1000',
    "waiting for a pipe that nobody opens": "mkfifo never; (read line < never) & echo ready; read line < never",
}

PROGRAMS = {
    "a daemon by double fork": """
        if os.fork(): time.sleep(1000)
        os.setsid()
        if os.fork(): os._exit(0)
        ready()
        time.sleep(1000)
        """,
    "deaf to every signal it can be deaf to": """
        for number in set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
            signal.signal(number, signal.SIG_IGN)
        ready()
        while True: time.sleep(1)
        """,
    "zombies that nobody buries": """
        for _ in range(20):
            if os.fork() == 0: os._exit(0)
        ready()
        time.sleep(1000)
        """,
    "a chain of fifty": """
        for _ in range(50):
            if os.fork(): time.sleep(1000)
        ready()
        time.sleep(1000)
        """,
    "a hundred daemons": """
        for _ in range(100):
            if os.fork() == 0:
                os.setsid()
                if os.fork(): os._exit(0)
                time.sleep(1000)
        ready()
        time.sleep(1000)
        """,
    "threads that each have a child": """
        def run(): os.spawnlp(os.P_WAIT, "sleep", "sleep", "1000")
        for _ in range(8): _thread.start_new_thread(run, ())
        ready()
        time.sleep(1000)
        """,
    "one that forks and dies without end": """
        if os.fork(): time.sleep(1000)
        ready()
        while True:
            if os.fork(): os._exit(0)
        """,
    "four that fork, leave the session and die without end": """
        for _ in range(4):
            if os.fork() == 0: break
        else:
            time.sleep(1000)
        ready()
        while True:
            if os.fork(): os._exit(0)
            os.setsid()
        """,
    "a traced process": """
        import ctypes
        if os.fork() == 0:
            ctypes.CDLL(None).ptrace(0, 0, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
        os.waitpid(-1, os.WUNTRACED)
        ready()
        time.sleep(1000)
        """,
    "a name made to mislead": """
        open("/proc/self/comm", "w").write("x) Z 1 (")
        if os.fork() == 0: time.sleep(1000)
        ready()
        time.sleep(1000)
        """,
}
FIRST_LINES = 'import _thread, os, signal, time\ndef ready(): os.write(1, b"ready\\n")\n'

SHAPES = {shape: ("/bin/sh", "-c", script) for shape, script in SCRIPTS.items()} | {
    shape: (sys.executable, "-I", "-c", FIRST_LINES + dedent(program)) for shape, program in PROGRAMS.items()
}


@dataclass(frozen=True)
class Case:
    shape: str
    how: str
    folder: Path

    @property
    def mark(self) -> str:
        return f"TREE={self.folder}"

    @property
    def timeout(self) -> float:
        return 2 if self.how == "timeout" else 60

    def launch(self) -> Launch:
        (self.folder / "workspace").mkdir(parents=True)
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TREE": str(self.folder)}
        return Launch(
            command=Command(argv=SHAPES[self.shape], env=env),
            workspace=self.folder / "workspace",
            attempt=self.folder / "attempt",
            limits=Limits(
                timeout=timedelta(seconds=2 if self.how == "timeout" else 60), grace=timedelta(seconds=GRACE)
            ),
        )


def processes(mark: str) -> Iterator[int]:
    """Living processes with the mark in the environment they were started with."""
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and mark.encode() in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                yield int(name)
        except OSError:
            continue


def wait_until_ready(running: Running) -> None:
    give_up = time.monotonic() + 30
    while not (running.spool.exists() and READY in running.spool.read_bytes()):
        assert running.wait(0) is None and time.monotonic() < give_up, running.wait(0)
        running.wait_for_output(1)


def end(case: Case) -> str:
    """What went wrong with this case; "" when nothing did."""
    running = Host().start(case.launch())
    wait_until_ready(running)
    if not any(processes(case.mark)):
        return "no process carries the mark: the test would prove nothing"
    if case.how == "cancel":
        running.stop()
    asked_at = time.monotonic()
    ended = running.wait(60)
    took = time.monotonic() - asked_at - (2 if case.how == "timeout" else 0)
    if left := list(processes(case.mark)):
        return f"left: {left}"
    if (
        ended is None
        or ended.error
        or (ended.cancelled, ended.timed_out) != (case.how == "cancel", case.how == "timeout")
    ):
        return f"ended as {ended}"
    return "" if took < GRACE + 1 else f"took {took:.2f} s"


def test_every_tree_is_gone_in_time(tmp_path: Path, count: Callable[[str, int], None]) -> None:
    cases = [
        Case(shape, how, tmp_path / f"{turn}-{number}-{how}")
        for turn in range(10 if RELEASE else 1)
        for number, shape in enumerate(SHAPES)
        for how in ("cancel", "timeout")
    ]
    with ThreadPoolExecutor(6) as pool:
        wrong = [(case.shape, case.how, what) for case, what in zip(cases, pool.map(end, cases), strict=True) if what]
    assert not wrong
    assert len(cases) >= 40
    count("process trees ended in grace + 1 s, without a survivor", len(cases))
    count("shapes of these trees", len(SHAPES))
