"""The server's own log: one line per request and per event, for people or for programs, on the error stream."""

from __future__ import annotations

import json
import logging
import re
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request and how it was answered. `path` is without its query; `status` 499: the client went away."""

    request: str
    client: str
    method: str
    path: str
    status: int
    bytes: int
    seconds: float


class Record:
    """Writes the requests. Nothing of a body, a query or a header is ever in it."""

    def __init__(self) -> None:
        self._log = logging.getLogger("ansflow.requests")

    def write(self, answered: Answered) -> None:
        self._log.info(
            "%s %s %s %d bytes %.1f ms %s %s",
            answered.method,
            answered.path,
            answered.status,
            answered.bytes,
            answered.seconds * 1000,
            answered.client,
            answered.request,
            extra={"fields": asdict(answered)},
        )


class Lines(logging.Formatter):
    """`2026-11-22T18:00:00.123Z info ansflow.requests GET /healthz 200 …`: one line, whatever stands in it."""

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage()
        if record.exc_info:
            said = f"{said}\n{self.formatException(record.exc_info)}"
        line = f"{_moment(record)} {record.levelname.lower()} {record.name} {said}"
        return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


class Objects(logging.Formatter):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            **(getattr(record, "fields", None) or {"message": record.getMessage()}),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def open_log(form: str) -> logging.Handler:
    """`form` is text or json. Of other libraries only warnings are shown."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Objects() if form == "json" else Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("ansflow").setLevel(logging.INFO)
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a refusal has its line already
    return handler
