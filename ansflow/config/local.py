"""A pipeline file run on this machine by this process: what `ansflow run` holds in its hand.

run = LocalRun(Path(".ansflow.yml"), options)      # reads, checks and compiles; starts nothing
for event in run.follow():                         # starts it; ends with the event that ends the execution
    …
"""

from __future__ import annotations

import gc
import getpass
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ansflow.config.folders import data_folder
from ansflow.config.local_secrets import LocalSecrets
from ansflow.config.records import ExecutionRecord, Records, Reservation, StepRecord
from ansflow.config.working_tree import filled_in
from ansflow.core.compile import compile_plan
from ansflow.core.errors import InvalidSpec, NotAvailable, NotFound, Problem
from ansflow.core.events import Event, ExecutionChanged, StepChanged
from ansflow.core.plan import Plan
from ansflow.core.redact import require_maskable
from ansflow.core.spec import Trigger
from ansflow.core.status import ExecutionStatus, StepStatus, is_final
from ansflow.document.reader import Document
from ansflow.document.templates import read_with_templates
from ansflow.engine.job import Place
from ansflow.engine.loop import Engine
from ansflow.engine.memory import MemoryBus, MemoryStore, SystemClock
from ansflow.infra.dispatch.threads import Threads
from ansflow.infra.storage.artifacts import FileArtifacts
from ansflow.infra.storage.caches import FileCaches
from ansflow.infra.storage.logs import FileLogs
from ansflow.infra.storage.workspaces import FileWorkspaces
from ansflow.plugins import registry
from ansflow.plugins.checking import Available, check, notes
from ansflow.plugins.contracts import login_of

SURROUNDINGS = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
)
"""All that a step sees of the shell it was started from: who, where, and how this machine reaches the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """How to run a file here. `approve` names steps whose approval is given in advance."""

    trigger: Trigger = field(default_factory=Trigger)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    only: Sequence[str] = ()
    with_needs: bool = True
    max_parallel: int | None = None
    approve: Sequence[str] = ()
    executor: str = "host"
    secret_file: Path | None = None
    keep_workspace: bool = False
    data: Path | None = None


class LocalRun:
    """One run. Raises InvalidSpec, with every problem placed, when the file, an input or an option does not fit."""

    def __init__(
        self, file: Path, options: LocalOptions, *, on_log: Callable[[str, int, int], None] | None = None
    ) -> None:
        """`on_log(step, attempt, length)` is a hint, at most 20 a second per step: the log has grown to `length`."""
        self.file = file
        self.options = options
        self.document = read_with_templates(file)
        self.plan = _plan(self.document, file, options)
        self.notes = notes(self.document)
        self.number = 0
        self.status = ExecutionStatus.PENDING
        self.steps: dict[str, StepRecord] = {}
        self._data = options.data or data_folder()
        self._on_log = on_log
        self._engine: Engine | None = None
        self._logs = FileLogs(self._data / "logs")
        self._secrets = LocalSecrets(options.secret_file)
        self._check_secrets()

    @property
    def folder(self) -> Path:
        """Where workspace, attempts and record of this run stand."""
        return self._data / "executions" / str(self.number)

    def gates(self) -> list[str]:
        """Steps that will wait for an approval nobody has given in advance."""
        return [
            step.key
            for step in self.plan.steps.values()
            if self.plan.spec_of(step.key).approval and step.skip is None and not self._is_approved(step.key)
        ]

    def follow(self) -> Iterator[Event]:
        """Runs it, and yields every event as it comes. May be called once."""
        records = Records(self._data)
        held, record = self._reserve(records)
        threads = Threads(slots=self.plan.max_parallel)
        engine = self._engine = self._wire(threads, held)
        threads.serve(engine.run_step)
        gc.freeze()  # what has been made so far stays to the end: a large plan is not walked again and again
        try:
            for event in engine.follow(engine.start(self.plan, by=_person()), check=threads.check):
                self._note(event)
                yield event
        finally:
            threads.close()
            engine.close()
            records.write_last(replace(record, status=self.status, ended_at=SystemClock().now(), steps=self.steps))
            held.release()
            records.tidy()

    def cancel(self, *, immediate: bool = False) -> None:
        """Asks for the end: TERM, grace, `finally` steps; `immediate` skips the last two."""
        if self._engine is not None and not is_final(self.status):
            self._engine.cancel(self.number, by=_person(), immediate=immediate)

    def approve(self, step: str, *, fields: Mapping[str, str] | None = None) -> None:
        """The person at the keyboard answers for every approver: on one's own machine nobody else can."""
        if self._engine is not None:
            self._engine.approve(self.number, step, by=_person(), fields=fields, override=True)

    def reject(self, step: str) -> None:
        if self._engine is not None:
            self._engine.reject(self.number, step, by=_person(), override=True)

    def read_log(self, step: str, attempt: int, start: int = 0) -> bytes:
        """What the step has printed from a byte offset on, as stored: masked."""
        return self._logs.read(self.number, step, attempt, start=start)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _wire(self, threads: Threads, held: Reservation) -> Engine:
        told, base = self._on_log, self.file.absolute().parent
        return Engine(
            store=MemoryStore(first=held.number),
            logs=self._logs,
            artifacts=FileArtifacts(self._data),
            caches=FileCaches(self._data, project=lambda _: str(base)),
            workspaces=FileWorkspaces(self._data / "executions"),
            secrets=self._secrets,
            bus=MemoryBus(),
            dispatcher=threads,
            clock=SystemClock(),
            registry=registry,
            place=Place(
                base=base,
                data=self._data,
                env={name: os.environ[name] for name in SURROUNDINGS if name in os.environ},
                executor=self.options.executor,
                adoptable=False,
            ),
            slots=self.plan.max_parallel,
            on_log=(lambda _, step, attempt, length: told(step, attempt, length)) if told else None,
        )

    def _check_secrets(self) -> None:
        for step in self.plan.steps.values():
            spec = self.plan.spec_of(step.key)
            if step.skip is not None:
                continue
            place: tuple[str, ...] = ("steps", spec.id, "secrets")
            try:
                if spec.secrets:
                    require_maskable(self._secrets.values(self.number, spec.secrets))
                place = ("steps", spec.id, "with", "credential")
                if name := login_of(registry.step_type(spec.type), spec):
                    self._secrets.login(self.number, name)
            except NotFound as error:
                problem = Problem(code=error.code, message=str(error), path=place)
                raise InvalidSpec(self.document.placed([problem])) from None
            except InvalidSpec as error:
                problems = [replace(problem, path=place) for problem in error.problems]
                raise InvalidSpec(self.document.placed(problems)) from None

    def _is_approved(self, key: str) -> bool:
        return key in self.options.approve or self.plan.steps[key].step_id in self.options.approve

    def _note(self, event: Event) -> None:
        fact = event.fact
        if isinstance(fact, ExecutionChanged):
            self.status = fact.status
            return
        self.steps[fact.step] = self._step_record(fact, event.at)
        if fact.status is StepStatus.WAITING and self._is_approved(fact.step):
            self.approve(fact.step)

    def _step_record(self, fact: StepChanged, at: datetime) -> StepRecord:
        before = self.steps.get(fact.step)
        spec = self.plan.spec_of(fact.step)
        began = at if fact.status is StepStatus.RUNNING else before.started_at if before else None
        return StepRecord(
            status=fact.status,
            step_id=spec.id,
            type=spec.type,
            reason=fact.reason,
            message=fact.message,
            attempt=fact.attempt,
            allowed_failure=fact.allowed_failure,
            started_at=began,
            ended_at=at if is_final(fact.status) else None,
            outcome=fact.outcome,
        )

    def _reserve(self, records: Records) -> tuple[Reservation, ExecutionRecord]:
        """A number, a folder and a record that says that it runs."""
        try:
            held = records.reserve()
            self.number = held.number
            record = ExecutionRecord(
                number=self.number,
                pipeline=self.plan.name,
                file=str(self.file.absolute()),
                status=ExecutionStatus.RUNNING,
                started_at=SystemClock().now(),
                keys=tuple(self.plan.steps),
            )
            records.write(record)
            if self.options.keep_workspace:
                held.keep()
        except OSError as error:
            raise NotAvailable(
                f"The data folder {self._data} cannot be written: {error.strerror}. "
                "Mend that, or choose another one with ANSFLOW_DATA_DIR."
            ) from None
        return held, record


def _plan(document: Document, file: Path, options: LocalOptions) -> Plan:
    problems = check(document, Available(default_executor=options.executor))
    if problems or document.spec is None:
        raise InvalidSpec(problems)
    trigger = filled_in(options.trigger, file.absolute().parent)
    plan = compile_plan(
        document.spec,
        digest=document.digest,
        trigger=trigger,
        inputs=options.inputs,
        only=options.only,
        with_needs=options.with_needs,
    )
    name = plan.name or file.absolute().parent.name
    return replace(plan, name=name, max_parallel=options.max_parallel or plan.max_parallel)


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name
        return f"uid {os.getuid()}"
