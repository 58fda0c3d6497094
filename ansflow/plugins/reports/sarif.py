"""The part of SARIF 2.1 that says what was found: tool, rule, severity, message, place, identity."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ansflow.core.outcome import Finding
from ansflow.plugins.reports.files import UnreadableReport, open_report

SEVERITIES = ("critical", "high", "medium", "low", "note")
LEVELS = {"error": "high", "warning": "medium", "note": "low", "none": "note"}
SCORES = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.0, "low"))  # of `security-severity`, as GitHub reads it
MAX_MESSAGE = 2000

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SarifLog:
    """`tools` are those that ran to their end, also where they found nothing."""

    tools: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_sarif(path: Path, *, root: Path | None = None) -> list[Finding]:
    return list(load_sarif(path, root=root).findings)


def load_sarif(path: Path, *, root: Path | None = None) -> SarifLog:
    """Raises UnreadableReport also where a tool says that it did not finish: half a scan must not look clean.

    `root` makes absolute paths below it relative.
    """
    log = _parsed(path)
    runs = [_map(run) for run in _list(log, "runs")]
    if not str(log.get("version", "")).startswith("2.1") or "runs" not in log:
        raise UnreadableReport("is no SARIF 2.1 log.")
    for run in runs:
        _refuse_unfinished(run)
    findings = [finding for run in runs for finding in _findings(run, root)]
    return SarifLog(tools=tuple(dict.fromkeys(map(_tool, runs))), findings=tuple(_numbered(findings)))


def _parsed(path: Path) -> Json:
    with open_report(path) as file:
        try:
            return _map(json.loads(file.read().decode("utf-8-sig")))
        except (ValueError, RecursionError) as error:
            raise UnreadableReport(f"is no JSON: {str(error) or 'it is nested too deeply'}.") from error


def _findings(run: Json, root: Path | None) -> Iterator[Finding]:
    tool, rules = _tool(run), _rules(run)
    for entry in _list(run, "results"):
        result = _map(entry)
        if _does_not_count(result):
            continue
        rule = _rule(result, rules)
        name = str(result.get("ruleId") or rule.get("id") or "")
        file, line = _place(result, root)
        message = _text(_map(result.get("message"))) or _text(_map(rule.get("shortDescription"))) or name
        yield Finding(
            scanner=tool,
            rule=name,
            severity=_severity(result, rule),
            message=message[:MAX_MESSAGE],
            file=file,
            line=line,
            fingerprint=_fingerprint(tool, name, file, _identity(result, message)),
            known=result.get("baselineState") in ("unchanged", "updated"),
        )


def _does_not_count(result: Json) -> bool:
    """Passed checks, findings that are gone, and those that a reviewer has accepted."""
    accepted = [entry for entry in _list(result, "suppressions") if _map(entry).get("status", "accepted") == "accepted"]
    return (
        result.get("kind", "fail") not in ("fail", "open", "review")
        or result.get("baselineState") == "absent"
        or (bool(accepted))
    )


def _refuse_unfinished(run: Json) -> None:
    for entry in _list(run, "invocations"):
        invocation = _map(entry)
        if invocation.get("executionSuccessful") is False:
            notes = [_text(_map(_map(note).get("message"))) for note in _list(invocation, "toolExecutionNotifications")]
            why = next(filter(None, notes), "") or str(invocation.get("exitCodeDescription") or "no reason given")
            raise UnreadableReport(f"{_tool(run)} says that it did not finish: {why.rstrip('.')}.")


def _severity(result: Json, rule: Json) -> str:
    for source in (result, rule):
        score = _map(source.get("properties")).get("security-severity")
        try:
            number = float(score) if score is not None else None
        except (TypeError, ValueError):
            number = None
        if number is not None:
            return next((name for least, name in SCORES if number >= least and number > 0), "note")
    level = result.get("level") or _map(rule.get("defaultConfiguration")).get("level") or "warning"
    return LEVELS.get(str(level), "medium")


def _rules(run: Json) -> list[Json]:
    driver = _map(_map(run.get("tool")).get("driver"))
    return [_map(rule) for rule in _list(driver, "rules")]


def _rule(result: Json, rules: list[Json]) -> Json:
    index = result.get("ruleIndex", _map(result.get("rule")).get("index"))
    if isinstance(index, int) and 0 <= index < len(rules):
        return rules[index]
    name = result.get("ruleId") or _map(result.get("rule")).get("id")
    return next((rule for rule in rules if rule.get("id") == name), {"id": name})


def _place(result: Json, root: Path | None) -> tuple[str, int]:
    location = _map(next(iter(_list(result, "locations")), None))
    physical = _map(location.get("physicalLocation"))
    line = _map(physical.get("region")).get("startLine", 0)
    file = _file(str(_map(physical.get("artifactLocation")).get("uri") or ""), root)
    return file, line if isinstance(line, int) and line > 0 else 0


def _file(uri: str, root: Path | None) -> str:
    try:
        path = unquote(urlsplit(uri).path) if uri.startswith("file:") else unquote(uri)
    except ValueError:
        path = uri
    if root is not None and Path(path).is_absolute() and Path(path).is_relative_to(root):
        return Path(path).relative_to(root).as_posix()
    return path.removeprefix("./")


def _identity(result: Json, message: str) -> str:
    """What stays the same when lines above are added: the tool's fingerprint, otherwise message and code."""
    given = _map(result.get("fingerprints")) or _map(result.get("partialFingerprints"))
    if given:
        return json.dumps(given, sort_keys=True, default=str)
    location = _map(next(iter(_list(result, "locations")), None))
    snippet = _map(_map(_map(location.get("physicalLocation")).get("region")).get("snippet"))
    return " ".join((message + " " + str(snippet.get("text") or "")).split())


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _numbered(findings: list[Finding]) -> Iterator[Finding]:
    """The second of two equal findings is a finding of its own."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.fingerprint] += 1
        count = seen[finding.fingerprint]
        yield finding if count == 1 else replace(finding, fingerprint=_fingerprint(finding.fingerprint, str(count)))


def _tool(run: Json) -> str:
    return str(_map(_map(run.get("tool")).get("driver")).get("name") or "unnamed tool")


def _text(message: Json) -> str:
    return str(message.get("text") or message.get("markdown") or "").strip()


def _map(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _list(value: Json, key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []
