"""Writes a first pipeline file for a project: what its files show, and nothing that could not run on this machine."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansflow.cli.texts import t
from ansflow.document.writing import scalar
from ansflow.plugins import registry
from ansflow.plugins.contracts import Detecting
from ansflow.plugins.programs import find_program

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "gradle": ("./gradlew", "gradle"),
    "maven": ("./mvnw", "mvn"),
    "cargo": ("cargo",),
    "go": ("go",),
    "python": ("python3",),
    "pytest": ("python3",),
    "tox": ("tox",),
    "pnpm": ("pnpm",),
    "npm": ("npm",),
    "cmake": ("cmake",),
    "ctest": ("ctest",),
    "make": ("make",),
}
"""What must be installed for a tool; of several, one."""

REQUIREMENTS = (
    *("requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt", "requirements/dev.txt"),
    *("requirements-test.txt", "test-requirements.txt", "requirements/test.txt", "requirements/tests.txt"),
    *("tests/requirements.txt", "requirements.txt"),
)
TEST_GROUPS = ("test", "tests", "testing", "dev")
NO_TEST = "no test specified"  # what `npm init` writes in place of a test


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A tool that will be used for `kind` (build or test), why, and what the step is told under `with`."""

    kind: str
    tool: str
    why: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """`missing` are tools that the project uses and this machine lacks."""

    text: str
    found: tuple[Found, ...]
    missing: tuple[str, ...]


def starter_for(folder: Path, *, repository: bool) -> Starter:
    """`repository`: the folder has a commit to fetch. What a tool needs is fetched in any case."""
    found: list[Found] = []
    missing: list[str] = []
    for kind in ("build", "test"):
        step_type = registry.step_type(kind)
        assert isinstance(step_type, Detecting)
        seen = dict(step_type.detect(folder))
        if kind == "test" and _tests_of_cmake(folder, found):
            seen["ctest"] = ["CMakeLists.txt"]
        usable = [tool for tool in seen if _may_use(kind, tool, folder)]
        present = [tool for tool in usable if _installed(tool, folder)]
        missing += [tool for tool in usable if tool not in present]
        if present:
            tool = present[0]
            found.append(
                Found(kind=kind, tool=tool, why=", ".join(seen[tool]), parameters=_parameters(kind, tool, folder))
            )
    text = "\n".join(_lines(folder.resolve().name, found, repository or bool(found))) + "\n"
    return Starter(text=text, found=tuple(found), missing=tuple(dict.fromkeys(missing)))


# ── what the files of a project say ──────────────────────────────────────────────────────────────────────────────────


def _installed(tool: str, folder: Path) -> bool:
    names = (str(folder / name) if name.startswith("./") else name for name in PROGRAMS.get(tool, (tool,)))
    return any(find_program(name, os.environ) for name in names)


def _may_use(kind: str, tool: str, folder: Path) -> bool:
    """Whether the project has the target that the tool would be asked for."""
    if tool in {"npm", "pnpm"}:
        script = _scripts(folder).get(kind, "")
        return bool(script) and NO_TEST not in script
    if kind == "build" and tool == "make":
        return bool(_make_target(folder))
    return True


def _tests_of_cmake(folder: Path, found: Iterable[Found]) -> bool:
    built = any(one.tool == "cmake" for one in found)
    return built and "enable_testing" in _text(folder / "CMakeLists.txt").lower()


def _parameters(kind: str, tool: str, folder: Path) -> dict[str, Any]:
    if tool == "make" and kind == "build":
        return {"tool": tool, "target": _make_target(folder)}
    if tool == "pytest":
        return {"tool": tool, "install": _python_packages(folder)}
    return {"tool": tool}


def _make_target(folder: Path) -> str:
    text = "\n".join(_text(folder / name) for name in ("GNUmakefile", "makefile", "Makefile"))
    return next((name for name in ("build", "all") if re.search(rf"^{name}:", text, re.MULTILINE)), "")


def _scripts(folder: Path) -> Mapping[str, str]:
    try:
        scripts = json.loads(_text(folder / "package.json") or "{}").get("scripts")
    except (ValueError, AttributeError):
        return {}
    return {str(name): str(line) for name, line in scripts.items()} if isinstance(scripts, dict) else {}


def _python_packages(folder: Path) -> list[str]:
    """What pip must install before pytest can run: the project with its test extra, its requirements, and pytest."""
    project = _toml(folder / "pyproject.toml")
    extras = project.get("project", {}).get("optional-dependencies", {})
    extra = next((name for name in TEST_GROUPS if name in extras), "")
    packages = [f".[{extra}]" if extra else "."] if "project" in project or (folder / "setup.py").exists() else []
    groups = project.get("dependency-groups", {})
    packages += _group(groups, next((name for name in TEST_GROUPS if name in groups), ""))
    packages += [f"-r {name}" for name in REQUIREMENTS if (folder / name).is_file()][:1]
    return packages if any(re.match(r"pytest\b(?!-)", one) for one in packages) else [*packages, "pytest"]


def _group(groups: Mapping[str, Any], name: str, depth: int = 5) -> list[str]:
    """The packages of a dependency group, with the groups that it includes."""
    packages: list[str] = []
    for item in groups.get(name, ()):
        if isinstance(item, str):
            packages.append(item)
        elif depth and isinstance(item, dict):
            packages += _group(groups, str(item.get("include-group", "")), depth - 1)
    return packages


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError:
        return {}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _lines(name: str, found: Iterable[Found], repository: bool) -> Iterator[str]:
    yield from (f"# {line}" for line in t("starter.head").splitlines())
    yield "version: 1"
    yield f"name: {scalar(name)}"
    yield ""
    yield "on:"
    yield from ("  push: {}", "  pull_request: {}", "  manual: {}")
    yield ""
    yield "steps:"
    before = ""
    if repository:
        yield f"  source:  # {t('starter.source')}"
        yield "    type: fetch_code"
        before = "source"
    steps = list(found)
    for one in steps:
        yield ""
        yield f"  {one.kind}:  # {t('starter.seen', why=one.why)}"
        yield f"    type: {one.kind}"
        yield from [f"    needs: {before}"] if before else []
        yield f"    with: {_flow(one.parameters)}"
        before = one.kind
    if not steps:
        yield from _hello(before)


def _hello(before: str) -> Iterator[str]:
    yield ""
    yield f"  hello:  # {t('starter.yours')}"
    yield from [f"    needs: {before}"] if before else []
    yield "    run: |"
    yield f"      echo {scalar(t('starter.greeting'), style=chr(39))}"
    yield "      ls"


def _flow(parameters: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in parameters.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(scalar(item, flow=True) for item in value) + "]"
    return scalar(value, flow=True)
