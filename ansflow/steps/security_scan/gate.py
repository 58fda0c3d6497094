"""What decides: the severity gate, and the baseline of findings that are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ansflow.core.errors import NotAvailable
from ansflow.core.outcome import Finding
from ansflow.plugins.reports.sarif import SEVERITIES


def read_baseline(file: Path) -> frozenset[str]:
    """The fingerprints in it. A baseline that cannot be read must not let anything pass, nor stop for nothing."""
    try:
        entries = json.loads(file.read_text("utf-8"))["findings"]
        return frozenset(str(entry["fingerprint"]) for entry in entries)
    except FileNotFoundError:
        raise NotAvailable(f"There is no baseline {file}. `write_baseline: true` writes one.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotAvailable(f"The baseline {file} cannot be read: {error}.") from None


def write_baseline(file: Path, findings: Sequence[Finding]) -> None:
    """Sorted, one finding a line, so that a review shows what was accepted."""
    entries = sorted({(f.file, f.rule, f.severity, f.fingerprint) for f in findings})
    lines = (
        json.dumps({"fingerprint": mark, "file": name, "rule": rule, "severity": severity})
        for name, rule, severity, mark in entries
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"version": 1, "findings": [\n  ' + ",\n  ".join(lines) + "\n]}\n", "utf-8")


def with_known(findings: Sequence[Finding], baseline: frozenset[str]) -> list[Finding]:
    return [replace(finding, known=finding.known or finding.fingerprint in baseline) for finding in findings]


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (f.known, SEVERITIES.index(f.severity), f.file, f.line, f.rule))


def stopping(findings: Sequence[Finding], fail_on: str) -> list[Finding]:
    """Those that the gate does not let pass."""
    if fail_on == "none":
        return []
    least = SEVERITIES.index(fail_on)
    return [finding for finding in findings if not finding.known and SEVERITIES.index(finding.severity) <= least]


def counted(findings: Sequence[Finding]) -> str:
    """`1 critical, 3 high`."""
    counts = {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES}
    return ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
