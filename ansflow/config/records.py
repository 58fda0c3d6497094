"""What stays of local runs: one folder each, `<data>/executions/<n>`, with a record that says how it went."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ansflow.core.codec import dump, load
from ansflow.core.errors import NotFound
from ansflow.core.outcome import Outcome
from ansflow.core.status import ExecutionStatus, Reason, StepStatus
from ansflow.infra.storage.blobs import FileBlobs
from ansflow.infra.storage.collecting import collect
from ansflow.infra.storage.lists import FileLists
from ansflow.infra.storage.names import file_name, write_json
from ansflow.infra.storage.workspaces import FileWorkspaces

KEPT = 20  # executions whose record, logs and artifacts stay
KEPT_WORKSPACES = 3
KEEP = "keep"
KILLED = "Its process was killed before its end."


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """How one step stands, as a viewer shows it."""

    status: StepStatus
    step_id: str
    type: str
    reason: Reason | None = None
    message: str = ""
    attempt: int = 0
    allowed_failure: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """How one local run went. `keys` are those of its steps, known from the start; `steps` is filled at the end."""

    number: int
    pipeline: str
    file: str
    status: ExecutionStatus
    started_at: datetime
    message: str = ""
    ended_at: datetime | None = None
    keys: tuple[str, ...] = ()
    steps: dict[str, StepRecord] = field(default_factory=dict)


class Records:
    """The local runs of one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.root = data / "executions"

    def numbers(self) -> list[int]:
        """Oldest first."""
        found = self.root.iterdir() if self.root.is_dir() else ()
        return sorted(int(path.name) for path in found if path.name.isdigit())

    def reserve(self) -> Reservation:
        """A new number that nobody else has, held until `release`."""
        for folder in (self.data, self.root):  # logs, artifacts and caches are for nobody else on this machine
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = (self.numbers() or [0])[-1] + 1
        while True:
            try:
                (self.root / str(number)).mkdir(mode=0o700)
                return Reservation(number, self.root / str(number))
            except FileExistsError:
                number += 1

    def write(self, record: ExecutionRecord) -> None:
        write_json(self.root / str(record.number) / "record.json", dump(record))

    def write_last(self, record: ExecutionRecord) -> None:
        """The record of a run that has ended. What cannot be written is told; the run went as it went."""
        try:
            self.write(record)
        except OSError as error:
            _warn(f"How run {record.number} went could not be written to {self.data}: {error.strerror}.")

    def read(self, number: int) -> ExecutionRecord:
        """Raises NotFound."""
        path = self.root / str(number) / "record.json"
        if not path.exists():
            known = self.numbers()
            hint = f"The newest is {known[-1]}." if known else "None has been run yet."
            raise NotFound(f"There is no local execution {number}. {hint}")
        record = load(ExecutionRecord, json.loads(path.read_text()))
        return self._killed(record) if _was_killed(record, path.parent) else record

    def newest_first(self) -> Iterator[ExecutionRecord]:
        for number in reversed(self.numbers()):
            if (self.root / str(number) / "record.json").exists():
                yield self.read(number)

    def tidy(self, *, keep: int = KEPT, keep_workspaces: int = KEPT_WORKSPACES) -> None:
        """Removes what is older than the newest few, but nothing of a run that is still going or was asked to stay.

        One process tidies at a time; the others leave it to that one. The workspace of a killed run stays longer: its
        steps may still be within their grace.
        """
        with suppress(BlockingIOError), _held(self.root / "tidying"):
            self._tidy(keep, keep_workspaces)

    def _tidy(self, keep: int, keep_workspaces: int) -> None:
        import shutil  # noqa: PLC0415 — brings the compressors along, and most runs have nothing to tidy

        numbers = self.numbers()
        for number in numbers[: -keep_workspaces or None]:
            folder = self.root / str(number)
            old = number in numbers[:-keep]
            if _in_use(folder) or (folder / KEEP).exists() or (not old and self._is_killed(number)):
                continue
            try:
                FileWorkspaces(self.root).remove(number)
            except OSError as error:  # a container has written as another user: no reason for today's run to fail
                _warn(f"The workspace of run {number} cannot be removed: {error}. Remove {folder} yourself.")
                continue
            if old:
                for place in (self.data / "logs", self.data / "artifacts", self.root):
                    shutil.rmtree(place / str(number), ignore_errors=True)
        try:
            if (self.data / "blobs").is_dir():
                collect(FileLists(self.data), FileBlobs(self.data / "blobs"))
        except (OSError, ValueError) as error:
            _warn(f"Content that nothing names any more could not be removed from {self.data}: {error}.")

    def _is_killed(self, number: int) -> bool:
        with suppress(NotFound):
            return self.read(number).message == KILLED
        return False

    def _killed(self, record: ExecutionRecord) -> ExecutionRecord:
        """What is known of a run whose process is gone: which of its steps have printed something."""
        logs = self.data / "logs" / str(record.number)
        steps = {
            key: StepRecord(
                status=StepStatus.CANCELLED,
                step_id=key.partition(" (")[0],
                type="",
                reason=Reason.WORKER_LOST,
                message=KILLED,
                attempt=max((int(path.stem) for path in (logs / file_name(key)).glob("*.log")), default=0),
            )
            for key in record.keys
        }
        return replace(record, status=ExecutionStatus.CANCELLED, message=KILLED, steps=steps)


class Reservation:
    """A run's own folder. The lock tells `tidy` that the run is alive; the system drops it when the process dies."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number = number
        self.folder = folder
        self._fd = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def keep(self) -> None:
        """`tidy` will leave this run alone."""
        (self.folder / KEEP).touch()

    def release(self) -> None:
        os.close(self._fd)


def _warn(sentence: str) -> None:
    import logging  # noqa: PLC0415 — costs milliseconds at an end that hardly ever needs it

    logging.getLogger("ansflow").warning(sentence)


def _was_killed(record: ExecutionRecord, folder: Path) -> bool:
    return record.status is ExecutionStatus.RUNNING and not _in_use(folder)


def _in_use(folder: Path) -> bool:
    """Whether the process of the run lives."""
    try:
        with _held(folder / "lock"):
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


@contextmanager
def _held(file: Path) -> Iterator[None]:
    """Raises BlockingIOError where another process holds it."""
    fd = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)
