"""The servers one is signed in to: `$XDG_CONFIG_HOME/ansflow/hosts.json`, readable by its owner only."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ansflow.cli.asked import refused
from ansflow.cli.texts import t

DEFAULT = "http://localhost:8000"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Host:
    """A server and the token for it. `token_id` is 0 where the token came from outside."""

    url: str
    token: str = ""
    user: str = ""
    token_id: int = 0


class Hosts:
    """The last one signed in to is the one that is meant when none is named."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _folder() / "hosts.json"

    def address(self, named: str, environ: Mapping[str, str] = os.environ) -> str:
        """`--server` before ANSFLOW_SERVER before the last sign-in."""
        wanted = named or environ.get("ANSFLOW_SERVER", "")
        return checked(wanted) if wanted else next(reversed(self._read()), DEFAULT)

    def chosen(self, named: str, environ: Mapping[str, str] = os.environ) -> Host:
        """The server at that address, with ANSFLOW_TOKEN before the saved token."""
        kept, token = self.kept(named, environ), environ.get("ANSFLOW_TOKEN", "")
        return Host(kept.url, token) if token else kept

    def kept(self, named: str, environ: Mapping[str, str] = os.environ) -> Host:
        """The server at that address, with the saved token only."""
        url = self.address(named, environ)
        return self._read().get(url, Host(url))

    def keep(self, host: Host) -> None:
        known = self._read()
        known.pop(host.url, None)
        known[host.url] = host
        self._write(known)

    def forget(self, url: str) -> None:
        known = self._read()
        if known.pop(url, None) is not None:
            self._write(known)

    def _read(self) -> dict[str, Host]:
        try:
            written = json.loads(self.path.read_text(encoding="utf-8"))
            return {url: Host(**known) for url, known in written.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            raise refused("hosts", t("login.unreadable", file=self.path)) from None

    def _write(self, known: Mapping[str, Host]) -> None:
        """Whole or not at all: a token is never half-written, nor readable by others for a moment."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=self.path.parent)  # made 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({url: asdict(host) for url, host in known.items()}, file, indent=2)
        os.replace(name, self.path)


def checked(url: str) -> str:
    """The address of a server without its last slash. A password would travel openly over http: loopback only."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise refused("server", t("login.address", url=url))
    return url.rstrip("/")


def travels_openly(url: str) -> bool:
    """Whether everybody between here and the server could read what is sent."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def _folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")) / "ansflow"
