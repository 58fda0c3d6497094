"""Sources of real projects, as their makers publish them, each made into a Git repository of one commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "real"
CACHE = Path(tempfile.gettempdir()) / f"ansflow-real-projects-{os.getuid()}"


TELL = """
finally:
  tell:
    type: notify
    with:
      channels:
        - {{kind: email, server: "{server}", security: none, from: ci@example.org, to: team@example.org}}
"""


@dataclass(frozen=True)
class Project:
    registry: str  # pypi or npm
    name: str
    version: str

    @property
    def command(self) -> list[str]:
        if self.registry == "npm":
            return ["npm", "pack", "--silent", f"{self.name}@{self.version}"]
        wanted = f"{self.name}=={self.version}"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        return [*pip, "download", "--no-deps", "--no-binary", self.name, wanted]


PROJECTS = {
    "click": Project("pypi", "click", "8.5.1"),
    "markupsafe": Project("pypi", "markupsafe", "3.0.4"),
    "httpx": Project("pypi", "httpx", "0.28.1"),
    "express": Project("npm", "express", "5.3.0"),
}


def real_repository(name: str, folder: Path) -> Path:
    """A repository with the project's source in `folder`. Skips the test, with the reason, where it cannot be had."""
    source = folder / name
    unpack(archive(PROJECTS[name]), source)
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "--message", f"{name} {PROJECTS[name].version}"],
    ):
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        subprocess.run(["git", *identity, *words], cwd=source, check=True)
    return source


def archive(project: Project) -> Path:
    """The archive, downloaded once for every test run on this machine."""
    CACHE.mkdir(mode=0o700, exist_ok=True)
    kept = CACHE / f"{project.name}-{project.version}.tar.gz"
    if kept.exists():
        return kept
    if not shutil.which(project.command[0]):
        pytest.skip(f"{project.command[0]} is not installed")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        try:
            done = subprocess.run(project.command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"The registry did not give {project.name} {project.version} within two minutes")
        found = [*Path(folder).glob("*.tar.gz"), *Path(folder).glob("*.tgz")]
        if done.returncode or not found:
            pytest.skip(f"The registry does not give {project.name} {project.version}: {done.stderr.strip()[-300:]}")
        found[0].replace(kept)
    return kept


def unpack(path: Path, target: Path) -> None:
    """Regular files only, none of them outside the target. Both registries put everything below one folder.

    Python has tarfile's own filter for this only since 3.11.4.
    """
    with tarfile.open(path) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            place = target.joinpath(*PurePosixPath(member.name).parts[1:])
            if content is None or ".." in place.parts:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.read())
            place.chmod(0o644 | member.mode & 0o111)


def junit_numbers(folder: Path) -> list[tuple[int, int]]:
    """(tests, failed) of every JUnit file below, counted here without our own reader."""
    numbers = []
    for file in sorted(folder.rglob("*.xml")):
        root = ElementTree.parse(file).getroot()
        if root.tag in ("testsuite", "testsuites"):
            cases = list(root.iter("testcase"))
            bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
            numbers.append((len(cases), len(bad)))
    return numbers
