"""Where a message goes: one configured messenger, with its secrets named instead of written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansflow.core.errors import InvalidSpec, NotAvailable, Problem
from ansflow.core.errors import Path as Place
from ansflow.core.schema import JSON, Field, Problems, Record, Shaped, Text, nearest
from ansflow.plugins.contracts import Notifier
from ansflow.plugins.registry import names, notifier

CHANNELS_FILE = "channels.yml"

_NAMED = Record(fields={"secret": Field(Text(), "Name of a secret listed under the step's `secrets`.", required=True)})
SECRET = Shaped(forms=((dict, _NAMED),), wanted="{secret: NAME}")
"""A value that is never written down: `{secret: CHAT_URL}`."""

SECRET_OR_TEXT = Shaped(forms=((str, Text()), (dict, _NAMED)), wanted="text or {secret: NAME}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A kind of messenger and its settings; `name` is what people call it."""

    name: str
    kind: str
    settings: Mapping[str, Any]

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(sorted(set(_secrets_in(self.settings))))

    def revealed(self, secrets: Mapping[str, str]) -> Channel:
        """The same with the secrets' values. Raises NotAvailable naming those that the step was not given."""
        missing = [name for name in self.secrets if name not in secrets]
        if missing:
            listed = ", ".join(missing)
            raise NotAvailable(
                f"Channel {self.name!r} needs the secret {listed}: list it under the step's `secrets: [{listed}]`."
            )
        return replace(self, settings=_revealed(self.settings, secrets))


class ChannelKind:
    """A channel as a pipeline file names it: a name, or a map with `kind` and the settings of that kind."""

    def read(self, value: Any, path: Place, problems: Problems) -> str | Channel | None:
        if isinstance(value, Mapping):
            return read_channel(str(value.get("kind", "")), value, path, problems)
        read: str | None = Text().read(value, path, problems)
        return read

    def json_schema(self) -> JSON:
        return {"anyOf": [{"type": "string"}, {"type": "object", "required": ["kind"]}]}


def read_channel(name: str, value: Mapping[str, Any], path: Place, problems: Problems) -> Channel | None:
    """Reads the settings by the schema of the kind that they name."""
    found = _notifier_of(value, path, problems)
    if found is None:
        return None
    settings = found.settings.read({key: item for key, item in value.items() if key != "kind"}, path, problems)
    return None if settings is None else Channel(name=name, kind=found.name, settings=settings)


def named_channels(file: Path) -> Mapping[str, Channel]:
    """The channels of this installation: a map from name to `{kind: …}`. Raises InvalidSpec."""
    from ansflow.document.yaml import load  # noqa: PLC0415 — only where channels are configured

    if not file.exists():
        return {}
    value = load(file.read_text()).value
    problems = Problems()
    if not isinstance(value, Mapping):
        problems.add((), "wrong_type", f"{file} must hold a map from channel names to settings.")
        value = {}
    channels = {
        str(name): read_channel(str(name), settings if isinstance(settings, Mapping) else {}, (name,), problems)
        for name, settings in value.items()
    }
    if problems:
        raise InvalidSpec([replace(problem, message=f"{file}: {problem.message}") for problem in problems])
    return {name: channel for name, channel in channels.items() if channel is not None}


def find_channel(wanted: str, channels: Mapping[str, Channel], file: Path) -> Channel:
    if wanted in channels:
        return channels[wanted]
    known = nearest(wanted, channels) or (f"Known: {', '.join(channels)}." if channels else "It names none so far.")
    raise NotAvailable(f"There is no channel {wanted!r} in {file}. {known}")


def _notifier_of(value: Mapping[str, Any], path: Place, problems: Problems) -> Notifier | None:
    kind = value.get("kind")
    if not isinstance(kind, str) or not kind:
        problems.add(
            path, "missing_key", "The key 'kind' is missing in a channel.", f"Known: {', '.join(names('notifiers'))}."
        )
        return None
    try:
        return notifier(kind)
    except NotAvailable as error:
        problems.append(Problem(code="unknown_kind", message=str(error), path=(*path, "kind")))
        return None


def _secrets_in(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        if set(value) == {"secret"}:
            yield str(value["secret"])
        else:
            for item in value.values():
                yield from _secrets_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _secrets_in(item)


def _revealed(value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"secret"}:
            return secrets[str(value["secret"])]
        return {key: _revealed(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_revealed(item, secrets) for item in value]
    return value
