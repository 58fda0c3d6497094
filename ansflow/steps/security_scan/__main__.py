"""The work of a scan, in a process of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansflow.core import globs
from ansflow.core.errors import NotAvailable
from ansflow.core.outcome import Finding
from ansflow.core.status import Reason
from ansflow.plugins.own_work import do_own_work
from ansflow.plugins.reports.files import UnreadableReport, find_reports
from ansflow.plugins.reports.sarif import load_sarif
from ansflow.steps.security_scan.environments import OutOfReach, tool_environment
from ansflow.steps.security_scan.gate import (
    by_severity,
    counted,
    read_baseline,
    stopping,
    with_known,
    write_baseline,
)
from ansflow.steps.security_scan.scanners import SCANNERS, scan

NEVER_SCANNED = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox",
                           ".mypy_cache", ".ruff_cache", ".pytest_cache"})  # fmt: skip
MOST_SHOWN = 200
HINT = "A sandbox can only use what `ansflow scanners install` or a scan with `executor: host` has made."


@dataclass(slots=True)
class Scan:
    """What was found, who looked, and what nobody looked at."""

    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: dict[str, str] = field(default_factory=dict)


def work(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    began = datetime.now(UTC)
    workspace = Path(parameters["workspace"])
    done = Scan()
    baseline = parameters["baseline"]
    known = read_baseline(workspace / baseline) if baseline and not parameters["write_baseline"] else frozenset()
    if parameters["script"]:
        _run_script(parameters["script"])
    if parameters["scanners"]:
        _run_scanners(done, workspace, parameters)
    if parameters["sarif"]:
        _read_reports(done, workspace, parameters["sarif"], since=began if parameters["script"] else None)
    done.findings = by_severity(with_known(done.findings, known))
    _show(done)
    message, reason = _verdict(done, parameters)
    if parameters["write_baseline"] and done.checked:
        write_baseline(workspace / baseline, done.findings)
        print(f"{len(done.findings)} findings written to {baseline}: review and commit it.")
    return _result(done, message, reason)


def _run_script(argv: Sequence[str]) -> None:
    """Many scanners end with an error code when they find something: what counts is the report they leave."""
    code = subprocess.run(argv, check=False).returncode
    if code:
        print(f"The script ended with exit code {code}.")


def _run_scanners(done: Scan, workspace: Path, parameters: Mapping[str, Any]) -> None:
    files = sorted(_files(workspace, parameters["paths"], skip=parameters["baseline"]))
    for name in parameters["scanners"]:
        scanner = SCANNERS[name]
        chosen = scanner.chosen(files)
        if not chosen:
            if not parameters["detect"]:
                done.not_checked[name] = f"there is no {scanner.looks_at} to look at."
            continue
        try:
            place = tool_environment(name, scanner.lock, tools=Path(parameters["tools"]), pip=parameters["pip"])
            report = scan(scanner, place, workspace, chosen)
        except OutOfReach as error:
            done.not_checked[name] = f"{error} {HINT}"
            continue
        except NotAvailable as error:
            done.not_checked[name] = str(error)
            continue
        except OSError as error:
            done.not_checked[name] = f"it could not be started: {error.strerror}."
            continue
        print(f"{name}: {len(chosen) - len(report.unread)} files checked, {len(report.findings)} findings.")
        done.checked.append(name)
        done.findings += report.findings
        done.not_checked |= {f"{file} ({name})": why for file, why in report.unread.items()}


def _files(workspace: Path, paths: Sequence[str], *, skip: str) -> Iterator[str]:
    """Regular files of the workspace; no link is followed, so none leads out of it."""
    for folder, folders, names in os.walk(workspace):
        folders[:] = [name for name in folders if name not in NEVER_SCANNED]
        for name in names:
            path = Path(folder, name)
            text = path.relative_to(workspace).as_posix()
            if (
                text != skip
                and path.is_file()
                and not path.is_symlink()
                and (not paths or globs.any_matches(paths, text))
            ):
                yield text


def _read_reports(done: Scan, workspace: Path, wanted: Sequence[str], *, since: datetime | None) -> None:
    found = find_reports(workspace, wanted, kind="sarif", folder="", since=since)
    if not found.files:
        done.not_checked["sarif"] = " ".join(found.warnings) or "no report was found."
    for file in found.files:
        name = file.relative_to(workspace).as_posix()
        try:
            log = load_sarif(file, root=workspace)
        except UnreadableReport as error:
            done.not_checked[name] = f"its report {error}"
            continue
        print(f"{name}: {', '.join(log.tools)}, {len(log.findings)} findings.")
        done.checked += log.tools
        done.findings += log.findings


def _show(done: Scan) -> None:
    for finding in done.findings[:MOST_SHOWN]:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        severity = "known" if finding.known else finding.severity
        print(f"{severity:<9}{place or '-'}  {finding.rule}  {' '.join(finding.message.split())[:200]}")
    if len(done.findings) > MOST_SHOWN:
        print(f"… and {len(done.findings) - MOST_SHOWN} more findings")
    for what, why in done.not_checked.items():
        print(f"NOT CHECKED  {what}: {why}")


def _verdict(done: Scan, parameters: Mapping[str, Any]) -> tuple[str, Reason | None]:
    missed = "; ".join(f"{what}: {why.rstrip('.')}" for what, why in done.not_checked.items())
    if not done.checked:
        return f"Nothing was checked. {missed or 'There is no file to look at'}.", Reason.NOT_AVAILABLE
    if parameters["write_baseline"]:
        return "", None
    if bad := stopping(done.findings, parameters["fail_on"]):
        new = "new finding" if len(bad) == 1 else "new findings"
        return f"{len(bad)} {new} of severity {parameters['fail_on']} or above: {counted(bad)}.", Reason.GATE
    if parameters["strict"] and done.not_checked:
        return f"Not everything was checked. {missed}.", Reason.GATE
    return "", None


def _result(done: Scan, message: str, reason: Reason | None) -> Mapping[str, Any]:
    fresh = [finding for finding in done.findings if not finding.known]
    result: dict[str, Any] = {
        "findings": [asdict(finding) for finding in done.findings],
        "checked": list(dict.fromkeys(done.checked)),
        "not_checked": done.not_checked,
        "outputs": {"findings": str(len(done.findings)), "new_findings": str(len(fresh))},
    }
    return result | ({"message": message, "reason": str(reason)} if message else {})


if __name__ == "__main__":
    raise SystemExit(do_own_work(work))
