"""Finds plug-ins by entry point (`ansflow.steps`, `ansflow.executors`, `ansflow.notifiers`).

The only way to a concrete one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ansflow.core.errors import NotAvailable
from ansflow.core.schema import nearest
from ansflow.plugins.contracts import Executor, Notifier, StepType

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OWN: Mapping[str, Mapping[str, str]] = {
    "steps": {
        "fetch_code": "ansflow.steps.fetch_code:FetchCode",
        "build": "ansflow.steps.build:Build",
        "test": "ansflow.steps.test:Test",
        "security_scan": "ansflow.steps.security_scan:SecurityScan",
        "deploy": "ansflow.steps.deploy:Deploy",
        "notify": "ansflow.steps.notify:Notify",
        "custom": "ansflow.steps.custom:Custom",
    },
    "executors": {
        "host": "ansflow.executors.host:Host",
        "sandbox": "ansflow.executors.sandbox:Sandbox",
        "fake": "ansflow.executors.fake:Fake",
    },
    "notifiers": {
        "email": "ansflow.notifiers.email:Email",
        "webhook": "ansflow.notifiers.webhook:Webhook",
        "slack": "ansflow.notifiers.slack:Slack",
        "wecom": "ansflow.notifiers.wecom:WeCom",
        "dingtalk": "ansflow.notifiers.dingtalk:DingTalk",
        "feishu": "ansflow.notifiers.feishu:Feishu",
    },
}
"""Ours, by name. Reading the metadata of every installed package costs 30 ms: asked only for names not found here."""


def names(kind: str) -> tuple[str, ...]:
    """Every plug-in of a kind, ours first. `kind` is steps, executors or notifiers."""
    return (*OWN[kind], *(name for name in _installed(kind) if name not in OWN[kind]))


def step_type(name: str) -> StepType:
    return cast(StepType, _load("steps", name))


def executor(name: str) -> Executor:
    return cast(Executor, _load("executors", name))


def notifier(name: str) -> Notifier:
    return cast(Notifier, _load("notifiers", name))


@cache
def _load(kind: str, name: str) -> Any:
    what = {"steps": "step type", "executors": "executor", "notifiers": "notifier"}[kind]
    try:
        target = OWN[kind].get(name)
        if target is not None:
            module, _, attribute = target.partition(":")
            return getattr(import_module(module), attribute)()
        entry = _installed(kind).get(name)
        if entry is not None:
            return entry.load()()
    except (ImportError, AttributeError) as error:
        raise NotAvailable(f"The {what} {name!r} cannot be loaded: {error}.") from error
    known = names(kind)
    hint = nearest(name, known) or "Known: " + ", ".join(known) + "."
    raise NotAvailable(f"There is no {what} {name!r} here. {hint}")


@cache
def _installed(kind: str) -> Mapping[str, EntryPoint]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - it takes 20 ms to import

    return {entry.name: entry for entry in entry_points(group=f"ansflow.{kind}")}
