"""What a message about an execution says: how it went, what failed, and whether that is news."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansflow.plugins.contracts import Message, StepJob

MOST_STEPS = 20
MOST_TESTS = 10
ENDED_BADLY = ("failed", "timeout", "cancelled")
STATUSES = ("success", "failed", "timeout", "cancelled")

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "success": "succeeded", "failed": "failed", "timeout": "ran out of time", "cancelled": "was cancelled",
        "fixed": "is fixed: it succeeded again", "allowed": "(allowed)", "pipeline": "The pipeline",
        "more_steps": "… and {} more steps", "more_tests": "… and {} more tests",
        "Pipeline": "Pipeline", "Execution": "Execution", "Branch": "Branch", "Commit": "Commit", "Author": "Author",
        "Trigger": "Trigger",
    },
    "zh": {
        "success": "成功", "failed": "失败", "timeout": "超时", "cancelled": "已取消",
        "fixed": "已恢复：再次成功", "allowed": "（允许失败）", "pipeline": "流水线",
        "more_steps": "……以及另外 {} 个步骤", "more_tests": "……以及另外 {} 个测试",
        "Pipeline": "流水线", "Execution": "执行", "Branch": "分支", "Commit": "提交", "Author": "作者",
        "Trigger": "触发方式",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How the execution went that a step told of last; "" when it has not told of any."""

    status: str = ""

    @classmethod
    def read(cls, file: Path) -> Told:
        try:
            return cls(status=str(json.loads(file.read_text())["status"]))
        except FileNotFoundError:
            return cls()

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps({"status": self.status}))
        partial.replace(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`words` are those of `only` that fit: failure or success, fixed, changed."""

    status: str
    words: tuple[str, ...]

    @property
    def fixed(self) -> bool:
        return "fixed" in self.words


def verdict_of(context: Mapping[str, Any], before: str) -> Verdict:
    """`before` is the status that was told last: without one, nothing is fixed and nothing has changed."""
    status = _status(context)
    words = [] if status == "cancelled" else ["success" if status == "success" else "failure"]
    if before and status == "success" and before in {"failed", "timeout"}:
        words.append("fixed")
    if before and status != before:
        words.append("changed")
    return Verdict(status=status, words=tuple(words))


def message_of(job: StepJob, verdict: Verdict) -> Message:
    words = WORDS[str(job.parameters.get("language", "en"))]
    name = job.env.get("ANSFLOW_PIPELINE") or words["pipeline"]
    text = "\n\n".join(filter(None, (str(job.parameters.get("message", "")).strip(), _summary(job.context, words))))
    return Message(
        subject=str(job.parameters.get("subject", ""))
        or f"{name} {words['fixed' if verdict.fixed else verdict.status]}",
        text=text,
        status="fixed" if verdict.fixed else verdict.status,
        url=str(_map(job.context, "execution").get("url", "")),
        facts={words[key]: value for key, value in _facts(job, name).items() if value},
        payload={"execution": job.execution, "steps": {key: _status_of(step) for key, step in _steps(job.context)}},
    )


def _status(context: Mapping[str, Any]) -> str:
    """So far: a step that tells is itself still running, and so is the execution."""
    said = str(_map(context, "execution").get("status", ""))
    if said in STATUSES:
        return said
    statuses = {_status_of(step) for _, step in _steps(context) if not step.get("allowed_failure")}
    return next((status for status in ("failed", "cancelled") if status in statuses), "success")


def _summary(context: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """One line a step that did not end well, with its first failing tests."""
    failing = [(key, step) for key, step in _steps(context) if _status_of(step) in ENDED_BADLY]
    lines = [line for key, step in failing[:MOST_STEPS] for line in _lines(key, step, words)]
    if len(failing) > MOST_STEPS:
        lines.append(words["more_steps"].format(len(failing) - MOST_STEPS))
    return "\n".join(lines)


def _lines(key: str, step: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    allowed = f" {words['allowed']}" if step.get("allowed_failure") else ""
    why = f": {step['message']}" if step.get("message") else ""
    yield f"{key} {words[_status_of(step)]}{allowed}{why}"
    tests = [str(test) for test in step.get("failing_tests", ())]
    yield from (f"  {test}" for test in tests[:MOST_TESTS])
    if len(tests) > MOST_TESTS:
        yield "  " + words["more_tests"].format(len(tests) - MOST_TESTS)


def _facts(job: StepJob, name: str) -> Mapping[str, str]:
    git, event = _map(job.context, "git"), _map(job.context, "event")
    return {
        "Pipeline": name,
        "Execution": str(job.execution),
        "Branch": str(git.get("branch") or git.get("tag") or ""),
        "Commit": str(git.get("commit") or "")[:12],
        "Author": str(git.get("author") or ""),
        "Trigger": str(event.get("name") or event.get("event") or ""),
    }


def _steps(context: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(key), step) for key, step in _map(context, "steps").items() if isinstance(step, Mapping)]


def _status_of(step: Mapping[str, Any]) -> str:
    return str(step.get("status", ""))


def _map(context: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = context.get(key)
    return value if isinstance(value, Mapping) else {}


# ── for notifiers ────────────────────────────────────────────────────────────────────────────────────────────────

_NO_MARKUP = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］"})


def unmarked(text: str) -> str:
    """Text for a messenger that reads Markdown and knows no escapes: a branch named `[x](http://…)` makes no link."""
    return text.translate(_NO_MARKUP)


def shortened(text: str, most_bytes: int) -> str:
    """Cut at a character so that it fits a limit in bytes; the cut is visible."""
    data = text.encode()
    if len(data) <= most_bytes:
        return text
    return data[: most_bytes - len("…".encode())].decode("utf-8", "ignore") + "…"


def markdown(message: Message, *, line_break: str = "\n") -> str:
    """The body in the Markdown that WeCom, DingTalk and Feishu share: text, facts, link."""
    facts = [f"**{name}** {unmarked(value)}" for name, value in message.facts.items()]
    lines = [*unmarked(message.text).splitlines(), *([""] if message.text and facts else []), *facts]
    if message.url:
        lines += ["", f"[{unmarked(message.url)}]({message.url})"]
    return line_break.join(lines)
