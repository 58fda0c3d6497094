"""`host`: plain processes on this machine, as the user who runs the worker."""

from __future__ import annotations

import os
import resource
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

from ansflow.core.errors import NotAvailable
from ansflow.core.schema import Record
from ansflow.executors import supervised
from ansflow.plugins.contracts import Command, Executor, Launch, Limits, Running


class Host:
    """A process of its own, with the environment of its command and nothing else, in a session of its own."""

    name = "host"
    summary = "Runs commands as plain processes of this machine, without isolation."
    options = Record(fields={}, what="`executor` options of host")

    def check(self) -> str:
        return _proof()

    def open(self) -> None:
        supervised.SHIMS.open()

    def start(self, launch: Launch) -> Running:
        if launch.network in ("none", "limited"):
            raise NotAvailable(f"The executor host cannot keep 'network: {launch.network}'. Write executor: sandbox.")
        command = launch.command
        how = supervised.Start(
            argv=command.argv,
            env=command.env,
            cwd=str(launch.workspace / command.cwd),
            limits={resource.RLIMIT_DATA: launch.limits.memory} if launch.limits.memory else {},
        )
        return supervised.start(launch, how)

    def adopt(self, launch: Launch) -> Running | None:
        return supervised.adopt(launch)

    def close(self) -> None:
        supervised.SHIMS.close()


@cache
def _proof() -> str:
    return prove(Host())


def prove(executor: Executor) -> str:
    """Runs `true`, and says in a sentence why that did not work."""
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        return "This kernel keeps no lists of child processes (CONFIG_PROC_CHILDREN): a step's tree could not be ended."
    limits = Limits(timeout=timedelta(seconds=30), grace=timedelta(seconds=1))
    with tempfile.TemporaryDirectory(prefix="ansflow-check-") as name:
        folder = Path(name)
        (folder / "workspace").mkdir()
        command = Command(argv=("/bin/sh", "-c", "exit 0"))
        launch = Launch(command=command, workspace=folder / "workspace", attempt=folder / "attempt", limits=limits)
        try:
            ended = executor.start(launch).wait()
        except (OSError, NotAvailable) as error:
            return f"The executor {executor.name} cannot start a process: {error}"
        said = (folder / "attempt" / "spool").read_text(errors="replace").strip()
    if ended is not None and ended.exit_code == 0:
        return ""
    cause = said or (ended.error if ended else "") or "no reason was given"
    return f"The executor {executor.name} does not work here: {cause}"
