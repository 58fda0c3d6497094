"""Where releases go: a folder of this machine, or one at the other end of ssh. Both run the same script."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

USER = r"[A-Za-z_][A-Za-z0-9_.-]*"
HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]"
FOLDER = r"/[^\x00-\x1f\x7f]+"
SHORT_FORM = re.compile(rf"(?P<user>{USER})@(?P<host>{HOST}):(?P<folder>{FOLDER})")
URL_FORM = re.compile(rf"ssh://(?P<user>{USER})@(?P<host>{HOST})(?::(?P<port>\d{{1,5}}))?(?P<folder>{FOLDER})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """`folder` holds the releases; `place` is what people call it."""

    folder: str

    @property
    def place(self) -> str:
        return self.folder

    def command(self, script: str, arguments: tuple[str, ...]) -> list[str]:
        return ["sh", "-c", script, "ansflow", *arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """`options` carry the files with key and host keys: neither stands in argv itself."""

    user: str
    host: str
    folder: str
    port: int = 22
    options: tuple[str, ...] = field(default=(), compare=False)

    @property
    def place(self) -> str:
        return f"{self.user}@{self.host}:{self.folder}"

    def command(self, script: str, arguments: tuple[str, ...]) -> list[str]:
        remote = shlex.join(["sh", "-c", script, "ansflow", *arguments])
        return ["ssh", *self.options, "-p", str(self.port), "--", f"{self.user}@{self.host.strip('[]')}", remote]


Target = Here | There


def parse_there(text: str) -> There | None:
    """`user@host:/folder` or `ssh://user@host:port/folder`; None when it is neither."""
    match = SHORT_FORM.fullmatch(text) or URL_FORM.fullmatch(text)
    if match is None:
        return None
    parts = match.groupdict()
    port = int(parts.get("port") or 22)
    return There(user=parts["user"], host=parts["host"], folder=parts["folder"], port=port) if port < 2**16 else None
