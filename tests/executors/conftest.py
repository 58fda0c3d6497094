from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from ansflow.executors.host import Host
from ansflow.plugins.contracts import Command, Ended, Launch, Limits

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def make_launch(
    folder: Path,
    script: str = "",
    *,
    command: Command | None = None,
    argv: tuple[str, ...] = (),
    env: Mapping[str, str] = PATH,
    stdin: bytes = b"",
    files: Mapping[str, str] | None = None,
    timeout: float = 60,
    grace: float = 1,
    log_bytes: int = 100 * 2**20,
    memory: int | None = None,
) -> Launch:
    (folder / "workspace").mkdir(exist_ok=True)
    return Launch(
        command=command or Command(argv=argv or ("/bin/sh", "-c", script), env=env, stdin=stdin, files=files or {}),
        workspace=folder / "workspace",
        attempt=folder / "attempt",
        limits=Limits(
            timeout=timedelta(seconds=timeout), grace=timedelta(seconds=grace), log_bytes=log_bytes, memory=memory
        ),
    )


@pytest.fixture
def launch(tmp_path: Path) -> Callable[..., Launch]:
    """A launch in the test's own folder: `workspace` and `attempt`."""
    return partial(make_launch, tmp_path)


@pytest.fixture
def run(launch: Callable[..., Launch]) -> Callable[..., Ended]:
    """Runs a shell script on the host, to its end."""

    def run(script: str, **how: object) -> Ended:
        ended = Host().start(launch(script, **how)).wait(60)
        assert ended is not None
        return ended

    return run
