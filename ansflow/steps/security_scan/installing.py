"""Scanners made ready before anybody scans: for servers with a sandbox only, and for machines without a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from ansflow.steps.security_scan.environments import download, is_there, tool_environment
from ansflow.steps.security_scan.scanners import SCANNERS, scan

FOR_PIP = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
           "http_proxy", "https_proxy", "no_proxy")  # fmt: skip
CLEAN: Mapping[str, tuple[str, str]] = {
    "secrets": ("notes.txt", "nothing to hide\n"),
    "python": ("module.py", "pass\n"),
    "workflows": (".github/workflows/one.yml", "on: push\njobs: {}\n"),
    "shell": ("script.sh", "#!/bin/sh\ntrue\n"),
}
"""A file for each scanner to look at, by its path."""


def pip_settings() -> Mapping[str, str]:
    """The administrator's own, from the environment of this process."""
    return {name: value for name, value in os.environ.items() if name.startswith(FOR_PIP)}


def installed(tools: Path) -> Mapping[str, bool]:
    return {name: is_there(name, scanner.lock, tools=tools) for name, scanner in SCANNERS.items()}


def install(name: str, tools: Path, *, source: Path | None) -> None:
    """Makes its tool environment where it is missing, and lets it look at a file: so it is known to work here, and has
    compiled what it keeps, which a sandbox could not. Raises NotAvailable with the cause.
    """
    scanner = SCANNERS[name]
    place = tool_environment(name, scanner.lock, tools=tools, pip=pip_settings(), source=source, say=_silence)
    file, text = CLEAN[name]
    with TemporaryDirectory(prefix="ansflow-scan-") as folder:
        path = Path(folder, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        scan(scanner, place, Path(folder), [file])


def fetch(name: str, folder: Path) -> None:
    """The packages that `install` wants as its source. Raises NotAvailable with the cause."""
    download(name, SCANNERS[name].lock, folder=folder, pip=pip_settings())


def _silence(sentence: str) -> None:
    """Whoever installs says himself what he does."""
