"""Carries one claimed attempt: claim → prepare → perform → record, and goes on with the next step of the execution.

"It failed" and "we failed" are kept apart. What the command says becomes an Outcome; a step that cannot be carried out
(a wrong value, a missing tool) fails with that sentence; trouble of this machine (a full disk, an unreachable store)
before the command has begun is a `Lost` attempt, which is tried again. What has begun is never begun again through our
fault, for it may have deployed something: our stores get a few tries, then the step fails as `internal_error`. A worker
that has been fenced walks away without a word.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from threading import Condition
from typing import TypeVar

from ansflow.core.commands import Adopt, Claim, Command, Decision, Finish, Lost, Stop
from ansflow.core.errors import Conflict, ExternalError, InvalidSpec, NotAvailable, NotFound
from ansflow.core.outcome import Outcome, StoredLog
from ansflow.core.status import Reason, StepStatus
from ansflow.engine.job import NOTHING_TO_MASK, OUTPUTS, SUMMARY, Claimed, JobMaker, Prepared, masker_of
from ansflow.engine.masking import Masker, masked
from ansflow.engine.outputs import read_limited, read_outputs
from ansflow.engine.ports import FENCED, LIMITED, ArtifactStore, CacheStore, Held, LogStore
from ansflow.engine.pump import Pump
from ansflow.engine.scheduler import Scheduler
from ansflow.engine.workspaces import WorkspaceStore
from ansflow.plugins.contracts import Ended, LetGo, Running, StepJob

PERMANENT = (InvalidSpec, NotAvailable, NotFound)
TROUBLE = (OSError, ExternalError, Conflict)
BETWEEN_TRIES = (0.1, 0.5, 2.0)  # seconds, of a store that did not take what the command left
AWAY = 1.0  # seconds after which the log of a running command is tried again
NAMED = 5  # of what a warning lists

Key = tuple[int, str, int]  # execution, step, fence
Value = TypeVar("Value")


@dataclass(slots=True)
class Live:
    """An attempt that this process carries. `stop` may come before the command has been started."""

    claimed: Claimed
    masker: Masker = NOTHING_TO_MASK
    running: Running | None = None
    stop: Stop | None = None


class Runner:
    """Safe to use from several threads. One call carries step after step, until the execution has none for it, or
    another one waits for its turn."""

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        jobs: JobMaker,
        logs: LogStore,
        artifacts: ArtifactStore,
        caches: CacheStore,
        workspaces: WorkspaceStore,
        boot: str,
        on_log: Callable[[int, str, int, int], None] | None = None,
        jitter: Callable[[], float] = random.random,
        away: tuple[type[Exception], ...] = (),
    ) -> None:
        """`away` are the errors with which the ports say that what they stand on cannot be reached now."""
        self.boot = boot
        self.inherited: Callable[[], Collection[int]] = tuple  # executions with commands here to be adopted
        self._away = away
        self._trouble: tuple[type[Exception], ...] = (*TROUBLE, *away)
        self._unsaved: tuple[type[Exception], ...] = (InvalidSpec, OSError, *away)
        self._scheduler = scheduler
        self._jobs = jobs
        self._logs = logs
        self._artifacts = artifacts
        self._caches = caches
        self._workspaces = workspaces
        self._on_log = on_log
        self._jitter = jitter
        self._lock = Condition()  # told when an attempt is carried no more
        self._live: dict[Key, Live] = {}
        self._early: dict[Key, Stop] = {}
        self._closed = False

    def run_step(self, execution: int, step: str) -> None:
        """Claims the step and carries it; then what may run next of the same execution, unless others wait here.

        Doubled calls are harmless: someone else has claimed it.
        """
        if self._closed:
            return
        self._carry_on(self.claim(execution, step))

    def _carry_on(self, claimed: Claimed | None) -> None:
        while claimed is not None:
            claimed = self.record(claimed, self.carry(claimed))

    def resume(self, held: Held) -> None:
        """Goes on with an attempt that a former life of this worker has begun."""
        if self._closed:
            return
        told = self._scheduler.tell(held.execution, Adopt(step=held.step, fence=held.fence, worker=self.boot))
        claimed = _claimed(held.execution, held.step, told.decision)
        if claimed is not None:
            self._carry_on(self.record(claimed, self.carry(claimed, adopt=True)))

    def stop(self, execution: int, effect: Stop) -> None:
        """Ends the attempt with that fence, if it is carried here. It may still be on its way to its start."""
        key = (execution, effect.step, effect.fence)
        if key not in self._live and not self._may_come(execution, effect):
            return
        with self._lock:
            live = self._live.get(key)
            if live is None:
                self._early[key] = effect
                return
            live.stop = effect
            running = live.running
        if running is not None:
            running.stop(timed_out=effect.timed_out, immediate=effect.immediate)

    def busy(self) -> int:
        return len(self._live)

    def carries(self, held: Held) -> bool:
        return (held.execution, held.step, held.fence) in self._live

    def close(self, *, seconds: float) -> None:
        """Lets go of every command, within this time: it runs on, and its next life or another worker adopts it.

        Nothing is recorded of it, and no step is begun any more. What has ended is still recorded, if there is time.
        """
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            running = [live.running for live in self._live.values() if live.running is not None]
        for command in running:
            command.let_go()
        with self._lock:
            self._lock.wait_for(lambda: not self._live, seconds)

    def _may_come(self, execution: int, effect: Stop) -> bool:
        """Whether the attempt has been claimed for this worker and not yet ended: its thread is on its way."""
        if effect.worker != self.boot:
            return False
        row = self._scheduler.store.load(execution).step(effect.step)
        return row.status is StepStatus.RUNNING and row.fence == effect.fence

    # ── the phases ───────────────────────────────────────────────────────────────────────────────────────────────

    def claim(self, execution: int, step: str) -> Claimed | None:
        """None where somebody else has it, or its project runs as many steps as it may."""
        try:
            told = self._scheduler.tell(execution, Claim(step=step, worker=self.boot))
        except Conflict as error:
            if error.code != LIMITED:
                raise
            return None
        return _claimed(execution, step, told.decision)

    def carry(self, claimed: Claimed, *, adopt: bool = False) -> Command | None:
        """What to tell the scheduler: an outcome, or that the attempt was lost through our fault.

        None when that is for another worker to tell: this one has been fenced, or has let go of the command.
        """
        with self._lock:
            live = Live(claimed, stop=self._early.pop(claimed.key, None))
            self._live[claimed.key] = live
        try:
            outcome = self._carry(live, adopt=adopt)
        except LetGo:
            if live.running is not None or adopt:
                return None
            return self._lost(claimed, Reason.WORKER_LOST, "Its worker was stopped before the command had begun.")
        except PERMANENT as error:
            outcome = _failed(_reason(error), live.masker.mask(str(error)))
        except self._trouble as error:
            if _is_fenced(error):  # whatever is said here would be refused
                return None
            cause = self._cause(error, live.masker)
            if live.running is None:
                # What is to be adopted may be running: recovery brings it here again, until it is found or given up.
                said = f"This machine failed, not the step: {cause}."
                return None if adopt else self._lost(claimed, Reason.INTERNAL_ERROR, said)
            said = f"This machine failed after the command had ended, so it is not run again: {cause}."
            outcome = _failed(Reason.INTERNAL_ERROR, said)
        except (Exception, SystemExit) as error:  # edge: worker loop. One bad step must not stop the worker.
            _log_crash(claimed)
            cause = live.masker.mask(f"{type(error).__name__}: {error}")
            outcome = _failed(Reason.INTERNAL_ERROR, f"AnsFlow itself failed: {cause}.")
            if live.running is not None:  # nobody would follow it any more
                live.running.stop()
        if outcome is None:
            return self._lost(claimed, Reason.WORKER_LOST, "Its worker was lost, and the command with it.")
        return Finish(step=claimed.step, fence=claimed.fence, outcome=outcome, jitter=self._jitter())

    def record(self, claimed: Claimed, command: Command | None) -> Claimed | None:
        """Returns what this worker goes on with. Only when all is written is the attempt carried no more."""
        try:
            if command is None:
                return None
            goes_on = not self._closed and not self._scheduler.others_wait(claimed.execution)
            if isinstance(command, Finish) and goes_on:
                command = replace(command, worker=self.boot, queues=self._scheduler.queues)
            told = self._scheduler.tell(claimed.execution, command, keep=int(goes_on))
            if isinstance(command, Finish) and not told.refused:
                self._forget_what_is_unmasked(claimed)
        finally:
            with self._lock:
                self._live.pop(claimed.key, None)
                self._lock.notify_all()
        if told.kept:  # what follows only from an effect of this, such as a step whose `if` had to be judged
            return self.claim(claimed.execution, told.kept[0])
        return _claimed(claimed.execution, told.decision.claimed, told.decision)

    def _forget_what_is_unmasked(self, claimed: Claimed) -> None:
        """Not before the end is written: until then another worker may have to read it."""
        if not self._live[claimed.key].masker.longest:
            return
        try:
            self._jobs.forget(claimed)
        except OSError as error:
            _log(f"What {claimed.step} of execution {claimed.execution} printed stays here unmasked: {error}.")

    def _carry(self, live: Live, *, adopt: bool) -> Outcome | None:
        if live.stop is not None and not adopt:
            return _cancelled()
        claimed = live.claimed
        if not adopt:
            is_new = claimed.attempt == 1  # else whoever was lost with it may have left something, and not said so
            news = self._scheduler.store.news(claimed.execution) if is_new else None
            self._workspaces.bring(claimed.execution, alone=self._is_alone(claimed), news=news)
        job = self._jobs.job(self._scheduler.situation(claimed.execution), claimed)
        live.masker = masker_of(job)
        hits = self._restore(job) if job.spec.cache and not adopt else {}
        prepared = self._jobs.prepare(job)
        running = self._start(live, prepared, adopt=adopt)
        if running is None:
            return None if adopt else _cancelled()
        ended = self._follow(live, running)
        outcome = self._stubbornly(lambda: self._conclude(prepared, ended, live.masker, hits))
        return self._hand_on(claimed, outcome)

    def _follow(self, live: Live, running: Running) -> Ended:
        """While the command runs, a log store that is away is waited for: the spool keeps what is printed."""

        def pumped() -> Ended:
            while True:
                pump = self._pump(live)
                try:
                    ended = pump.follow(running)
                except TROUBLE as error:
                    if _is_fenced(error) or running.wait(AWAY) is not None:
                        raise
                else:
                    live.masker = pump.masker
                    return ended

        return self._stubbornly(pumped)

    def _stubbornly(self, call: Callable[[], Value]) -> Value:
        """What follows a command gets a few tries. Safe to repeat: a worker that takes over does the same."""
        for seconds in BETWEEN_TRIES:
            try:
                return call()
            except self._trouble as error:
                if _is_fenced(error):
                    raise
            with self._lock:
                if self._lock.wait_for(lambda: self._closed, seconds):
                    raise LetGo
        return call()

    def _start(self, live: Live, prepared: Prepared, *, adopt: bool) -> Running | None:
        """None where there is nothing to adopt, or where the stop came before the start."""
        with self._lock:
            if self._closed:
                raise LetGo
            if live.stop is not None and not adopt:
                return None
        running = prepared.executor.adopt(prepared.launch) if adopt else prepared.executor.start(prepared.launch)
        with self._lock:
            live.running = running
            stop = live.stop
        if running is not None and stop is not None:
            running.stop(timed_out=stop.timed_out, immediate=stop.immediate)
        if running is not None and self._closed:
            running.let_go()
        return running

    def _conclude(self, prepared: Prepared, ended: Ended, masker: Masker, hits: Mapping[str, str]) -> Outcome:
        """Reads what the command left. Nothing that it wrote leaves this place unmasked."""
        job = prepared.job
        outcome = prepared.type.conclude(job, ended)
        try:
            outputs = read_outputs(job.file(OUTPUTS))
            summary = read_limited(job.file(SUMMARY), "$ANSFLOW_SUMMARY")
        except InvalidSpec as error:
            outcome, outputs, summary = _spoilt(outcome, str(error)), {}, ""
        missing = [name for name in job.spec.outputs if name not in outputs]
        if missing and outcome.status is StepStatus.SUCCESS:
            outcome = _warned(outcome, f"The step did not write the outputs {', '.join(missing)} to $ANSFLOW_OUTPUT.")
        outcome = self._keep(job, outcome, masker)
        if outcome.status is StepStatus.SUCCESS:
            outcome = self._save(job, outcome, hits)
        told = replace(
            outcome, outputs={**outcome.outputs, **outputs}, summary=summary or outcome.summary, artifacts=()
        )
        whole = None if ended.log_truncated else StoredLog(attempt=job.attempt, bytes=ended.log_bytes)
        # Artifacts keep their true names, in which no secret is: under another one they could not be fetched.
        return replace(masked(told, masker), artifacts=outcome.artifacts, log=whole)

    def _keep(self, job: StepJob, outcome: Outcome, masker: Masker) -> Outcome:
        wanted = job.spec.artifacts
        ended_as = "success" if outcome.status is StepStatus.SUCCESS else "failure"
        if wanted is None or wanted.when not in ("always", ended_as):
            return outcome
        left: dict[str, str] = {}
        try:
            kept = self._stubbornly(
                lambda: self._artifacts.keep(
                    job.execution,
                    job.planned.key,
                    job.workspace,
                    wanted.paths,
                    left.__setitem__,
                    refusal=lambda path: "" if masker.mask(path) == path else "its name holds a secret",
                )
            )
        except InvalidSpec as error:
            return _spoilt(outcome, f"The artifacts were not kept: {error}")
        except TROUBLE as error:
            told = f"The artifacts were not kept: {str(error).rstrip('.')}."
            return _spoilt(outcome, told, reason=Reason.INTERNAL_ERROR)
        if left:
            named = ", ".join(f"{path} ({why})" for path, why in list(left.items())[:NAMED])
            more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
            outcome = _warned(outcome, f"Not kept as artifacts: {named}{more}.")
        if not kept:
            outcome = _warned(outcome, f"No file matched the artifacts {', '.join(wanted.paths)}.")
        return replace(outcome, artifacts=(*outcome.artifacts, *kept))

    def _hand_on(self, claimed: Claimed, outcome: Outcome) -> Outcome:
        """What the command left in the workspace, also where it failed: whoever comes next finds it everywhere."""
        try:
            self._stubbornly(lambda: self._workspaces.keep(claimed.execution, claimed.step, claimed.fence))
        except (InvalidSpec, *TROUBLE) as error:
            if _is_fenced(error):
                raise
            reason = Reason.INVALID if isinstance(error, InvalidSpec) else Reason.INTERNAL_ERROR
            cause = str(error).rstrip(".")
            return _spoilt(outcome, f"Its files did not go on to other machines: {cause}.", reason=reason)
        return outcome

    def _is_alone(self, claimed: Claimed) -> bool:
        """Whether no other attempt of the execution is carried here, or about to be adopted."""
        return claimed.execution not in {*self.inherited(), *(key[0] for key in list(self._live) if key != claimed.key)}

    def _restore(self, job: StepJob) -> dict[str, str]:
        """Maps the key of each cache that is read to the key that was found."""
        return {
            cache.key: self._caches.restore(job.execution, cache.key, cache.restore_keys, job.workspace, cache.paths)
            for cache in job.spec.cache
            if cache.policy != "push"
        }

    def _save(self, job: StepJob, outcome: Outcome, hits: Mapping[str, str]) -> Outcome:
        """A cache only saves time: where it cannot be saved, the step has succeeded all the same."""
        for cache in job.spec.cache:
            if cache.policy != "pull" and hits.get(cache.key) != cache.key:
                try:
                    self._caches.save(job.execution, cache.key, job.workspace, cache.paths)
                except self._unsaved as error:
                    cause = self._cause(error, NOTHING_TO_MASK)
                    outcome = _warned(outcome, f"The cache {cache.key} was not saved: {cause}.")
        return outcome

    def _pump(self, live: Live) -> Pump:
        told, claimed = self._on_log, live.claimed
        return Pump(
            logs=self._logs,
            masker=live.masker,
            execution=claimed.execution,
            step=claimed.step,
            attempt=claimed.attempt,
            fence=claimed.fence,
            now=self._scheduler.clock.now,
            on_growth=lambda length: told(claimed.execution, claimed.step, claimed.attempt, length) if told else None,
        )

    def _cause(self, error: Exception, masker: Masker) -> str:
        """What a driver says of a database names hosts and users, which are nobody's business here."""
        if isinstance(error, self._away):
            return "its database could not be reached"
        return masker.mask(str(error)).rstrip(".")

    def _lost(self, claimed: Claimed, reason: Reason, message: str) -> Lost:
        return Lost(step=claimed.step, fence=claimed.fence, reason=reason, message=message, jitter=self._jitter())


def _claimed(execution: int, step: str, decision: Decision) -> Claimed | None:
    row = decision.step(step)
    if row is None or decision.execution is None:
        return None
    version = decision.execution.version
    return Claimed(execution=execution, step=step, attempt=row.attempt, fence=row.fence, version=version)


def _reason(error: Exception) -> Reason:
    return Reason.NOT_AVAILABLE if isinstance(error, NotAvailable) else Reason.INVALID


def _is_fenced(error: Exception) -> bool:
    return isinstance(error, Conflict) and error.code == FENCED


def _failed(reason: Reason, message: str) -> Outcome:
    return Outcome(status=StepStatus.FAILED, reason=reason, message=message)


def _warned(outcome: Outcome, message: str) -> Outcome:
    return replace(outcome, warnings=(*outcome.warnings, message))


def _spoilt(outcome: Outcome, message: str, *, reason: Reason = Reason.INVALID) -> Outcome:
    """What the command left cannot be taken: no success, and a warning beside any other end."""
    if outcome.status is not StepStatus.SUCCESS:
        return _warned(outcome, message)
    return replace(_warned(outcome, message), status=StepStatus.FAILED, reason=reason, message=message)


def _cancelled() -> Outcome:
    return Outcome(status=StepStatus.CANCELLED, reason=Reason.CANCELLED_BY_USER, message="Cancelled before it began.")


def _log(sentence: str) -> None:
    import logging  # noqa: PLC0415 — see below

    logging.getLogger("ansflow.engine").warning(sentence)


def _log_crash(claimed: Claimed) -> None:
    import logging  # noqa: PLC0415 — costs milliseconds at a start that hardly ever needs it

    logging.getLogger("ansflow.engine").exception(
        "step crashed: execution=%d step=%s attempt=%d", claimed.execution, claimed.step, claimed.attempt
    )
