"""Finds the programs that a step will run, and says how to get those that are missing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from ansflow.core.errors import NotAvailable

DEBIAN_PACKAGES: Mapping[str, str] = {
    "bash": "bash",
    "cargo": "cargo",
    "cmake": "cmake",
    "ctest": "cmake",
    "git": "git",
    "git-lfs": "git-lfs",
    "go": "golang-go",
    "gradle": "gradle",
    "make": "make",
    "mvn": "maven",
    "node": "nodejs",
    "npm": "npm",
    "python3": "python3",
    "ruby": "ruby",
    "ssh": "openssh-client",
    "zsh": "zsh",
}
OTHER_WAYS: Mapping[str, str] = {
    "pnpm": "npm install --global pnpm",
    "pytest": "pip install pytest",
    "tox": "pip install tox",
}

_FOUND: dict[tuple[str, str], str] = {}
"""Where a name was found on a PATH: a long one costs a system call per folder, and every step asks."""


def find_program(name: str, env: Mapping[str, str]) -> str:
    """The program as the step would find it on its PATH, or ""."""
    if os.sep in name:
        return name if _runnable(name) else ""
    path = env.get("PATH", os.defpath)
    found = _FOUND.get((name, path), "")
    if not found or not _runnable(found):
        folders = path.split(os.pathsep)
        found = next((file for folder in folders if folder and _runnable(file := os.path.join(folder, name))), "")
        _FOUND[name, path] = found
    return found


def first_program(names: Iterable[str], env: Mapping[str, str]) -> str:
    """The first of the names that is installed, by its name; raises NotAvailable when none is."""
    wanted = tuple(names)
    for name in wanted:
        if find_program(name, env):
            return name
    raise NotAvailable(f"{' or '.join(wanted)} is not installed here: not found on PATH. {how_to_install(wanted[0])}")


def how_to_install(name: str) -> str:
    if package := DEBIAN_PACKAGES.get(name):
        return f"Install it with: apt-get install {package}"
    if command := OTHER_WAYS.get(name):
        return f"Install it with: {command}"
    return "Install it, or add its folder to PATH in the step's env."


def _runnable(path: str) -> bool:
    return os.access(path, os.X_OK) and os.path.isfile(path)
