"""The scanners: what each looks at, how it is called, and what its report needs before it is read.

All work without a network. None is given the step's environment: a tool that reads a workspace needs no secrets.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ansflow.core import globs
from ansflow.core.errors import NotAvailable
from ansflow.core.outcome import Finding
from ansflow.plugins.reports.files import UnreadableReport
from ansflow.plugins.reports.sarif import load_sarif

Log = dict[str, Any]
BATCH = 1000  # files a call: the kernel limits the length of a command
NAMED_SECRET = re.compile(r"(?<=: )'.*'$", re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """`arguments` makes the command line from report and cache folder; `tidy` mends the report before it is read."""

    name: str
    looks_at: str  # in words
    files: tuple[str, ...]  # globs
    program: tuple[str, ...]  # below the tool environment
    arguments: Callable[[Path, Path], Sequence[str]]
    tidy: Callable[[Log, Path], Log]
    good_codes: frozenset[int] = frozenset({0})

    @property
    def lock(self) -> Path:
        return Path(__file__).parent / "tools" / f"{self.name}.txt"

    def chosen(self, paths: Sequence[str]) -> list[str]:
        return [path for path in paths if globs.any_matches(self.files, path)]


@dataclass(slots=True)
class Report:
    findings: list[Finding] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)  # file → why the scanner could not read it


def scan(scanner: Scanner, environment: Path, workspace: Path, paths: Sequence[str]) -> Report:
    """Runs the scanner over the files. Raises NotAvailable when it gave no verdict."""
    report = Report()
    for start in range(0, len(paths), BATCH):
        log = scanner.tidy(_run(scanner, environment, workspace, paths[start : start + BATCH]), workspace)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report.sarif"
            file.write_text(json.dumps(log))
            try:
                report.findings += load_sarif(file, root=workspace).findings
            except UnreadableReport as error:
                raise NotAvailable(f"its report {error}") from None
        report.unread |= _unread(log)
    return report


def _run(scanner: Scanner, environment: Path, workspace: Path, paths: Sequence[str]) -> Log:
    with tempfile.TemporaryDirectory(prefix="ansflow-scan-") as home:
        output = Path(home) / "report"
        program = [str(environment / scanner.program[0]), *scanner.program[1:]]
        cache = _cache(environment, Path(home))
        done = subprocess.run(
            [*program, *scanner.arguments(output, cache), "--", *paths],
            cwd=workspace,
            env={"PATH": os.defpath, "HOME": home, "LANG": "C.UTF-8", "TMPDIR": home},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        _let_read(cache)
        if done.returncode not in scanner.good_codes:
            raise NotAvailable(f"it ended with exit code {done.returncode}: {_last_line(done.stderr)}")
        try:
            return dict(json.loads(output.read_bytes() if output.exists() else done.stdout))
        except ValueError:
            raise NotAvailable(f"it wrote no report: {_last_line(done.stderr)}") from None


def _cache(environment: Path, home: Path) -> Path:
    """What a scanner keeps from scan to scan, seconds of work. A sandbox may only read it: it gets a copy."""
    kept = environment / "cache"
    if os.access(environment, os.W_OK):
        return kept
    with suppress(OSError):  # without one it takes longer
        shutil.copytree(kept, home / "cache", copy_function=shutil.copyfile)
    return home / "cache"


def _let_read(cache: Path) -> None:
    """What was kept are rules, and nothing of what was scanned: a sandbox, which is another user, may read them."""
    for path in (cache, *cache.rglob("*")) if cache.is_dir() else ():
        path.chmod(0o755 if path.is_dir() else 0o644)


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "it said nothing"


def _unread(log: Log) -> Mapping[str, str]:
    found = {}
    for run in log.get("runs", []):
        for invocation in run.get("invocations", []):
            for note in invocation.get("toolConfigurationNotifications", []):
                for location in note.get("locations", []):
                    uri = location["physicalLocation"]["artifactLocation"]["uri"]
                    found[str(uri).removeprefix("./")] = str(note["message"]["text"])
    return found


def _tidy_secrets(log: Log, workspace: Path) -> Log:
    """The rule's own sentence as message. Identity is the text around the secret: Kingfisher's own fingerprint changes
    when lines are added above."""
    for run in log["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"].get("rules", [])}
        for result in run.get("results", []):
            said = rules.get(result["ruleId"], {}).get("fullDescription", {}).get("text")
            result["message"] = {"text": said or "A secret stands in this file."}
            place = result["locations"][0]["physicalLocation"]
            lines = _lines(workspace / place["artifactLocation"]["uri"], int(place["region"]["startLine"]))
            result["fingerprints"] = {"lines": sha256(lines).hexdigest()}
    return log


def _lines(file: Path, first: int) -> bytes:
    """The line of a finding; of a private key all of it, since keys begin alike."""
    try:
        lines = file.read_bytes().splitlines()[first - 1 :]
    except OSError:
        return b""  # within an archive, say
    if lines and b"-----BEGIN" in lines[0]:
        end = next((number for number, line in enumerate(lines) if b"-----END" in line), 0)
        return b"\n".join(lines[: end + 1])
    return lines[0].strip() if lines else b""


def _tidy_python(log: Log, workspace: Path) -> Log:
    """Bandit quotes the password it has found."""
    for run in log["runs"]:
        for result in run.get("results", []):
            if result["ruleId"] in {"B105", "B106", "B107"}:
                result["message"]["text"] = NAMED_SECRET.sub("'…'", result["message"]["text"])
    return log


def _tidy_shell(log: Log, workspace: Path) -> Log:
    """ShellCheck has no SARIF. It looks for faults, few of which are dangerous: its errors count as medium."""
    levels = {"error": "warning", "warning": "note"}
    results = [
        {
            "ruleId": f"SC{comment['code']}",
            "level": levels.get(comment["level"], "none"),
            "message": {"text": comment["message"]},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": comment["file"]},
                        "region": {"startLine": comment["line"]},
                    }
                }
            ],
        }
        for comment in log["comments"]
    ]
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "ShellCheck"}}, "results": results}]}


PYTHON = "bin/python"

SCANNERS: Mapping[str, Scanner] = {
    scanner.name: scanner
    for scanner in (
        Scanner(
            name="secrets",
            looks_at="file",
            files=("**",),
            program=(PYTHON, "-I", "-c", "import sys; from kingfisher import main; sys.exit(main())"),
            arguments=lambda report, cache: (
                *("scan", "--no-validate", "--no-update-check", "--git-history", "none", "--redact", "--quiet"),
                *("--rule-cache-dir", str(cache), "--format", "sarif", "--output", str(report)),
            ),
            tidy=_tidy_secrets,
            good_codes=frozenset({0, 200}),  # 200: there are findings
        ),
        Scanner(
            name="python",
            looks_at="Python file",
            files=("**/*.py", "**/*.pyw"),
            program=(PYTHON, "-I", "-m", "bandit"),
            arguments=lambda report, cache: ("--quiet", "--exit-zero", "--format", "sarif", "--output", str(report)),
            tidy=_tidy_python,
        ),
        Scanner(
            name="workflows",
            looks_at="GitHub workflow",
            files=(".github/workflows/*.{yml,yaml}", "**/action.{yml,yaml}"),
            program=("bin/zizmor",),
            arguments=lambda report, cache: ("--offline", "--no-exit-codes", "--quiet", "--format", "sarif"),
            tidy=lambda log, workspace: log,
        ),
        Scanner(
            name="shell",
            looks_at="shell script",
            files=("**/*.{sh,bash,ksh,dash}",),
            program=("bin/shellcheck",),
            arguments=lambda report, cache: ("--format", "json1"),
            tidy=_tidy_shell,
            good_codes=frozenset({0, 1}),  # 1: there are findings
        ),
    )
}
