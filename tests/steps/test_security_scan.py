"""Real scanners over planted faults. The secrets are made at run time: this file holds none."""

from __future__ import annotations

import json
import os
import random
import shutil
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.core.spec import StepSpec
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.registry import step_type
from ansflow.steps.security_scan import environments, scanners
from ansflow.steps.security_scan.environments import tool_environment
from ansflow.steps.security_scan.scanners import SCANNERS, Scanner

BAD_PYTHON = "import subprocess\n\n\ndef run(command):\n    subprocess.call(command, shell=True)\n"
GOOD_PYTHON = "def add(a, b):\n    return a + b\n"
CHANCE = random.Random(4)


def made_of(letters: str, count: int) -> str:
    return "".join(CHANCE.choice(letters) for _ in range(count))


def slack_url() -> str:
    capitals = string.ascii_uppercase + string.digits
    return (
        "https://hooks.slack" + f".com/services/T{made_of(capitals, 10)}/B{made_of(capitals, 10)}"
        f"/{made_of(string.ascii_letters, 24)}"
    )


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One set of tool environments for all tests, and for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tools"
    for name, scanner in SCANNERS.items():
        try:
            tool_environment(name, scanner.lock, tools=folder, pip={})
        except NotAvailable as error:
            pytest.skip(f"the scanners cannot be installed here: {error}")
    return folder


@pytest.fixture
def scan(make_job: Any, perform: Any, tools: Path) -> Callable[..., Any]:
    """Scans a workspace made of the given files."""

    def run(files: dict[str, str], script: str = "", **parameters: Any) -> Any:
        job = make_job(script, type="security_scan", parameters=parameters)
        for name, text in files.items():
            (job.workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (job.workspace / name).write_text(text)
        if not (job.data / "tools").exists():
            (job.data / "tools").symlink_to(tools)
        return perform(job)

    return run


# ── what is found ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_planted_fault_in_python_fails_the_step(scan: Any) -> None:
    done = scan({"src/run.py": BAD_PYTHON, "src/add.py": GOOD_PYTHON}, scanners=["python"])
    assert done.outcome.status is StepStatus.FAILED
    assert done.outcome.reason is Reason.GATE
    assert done.outcome.message == "1 new finding of severity high or above: 1 high."
    (finding,) = [finding for finding in done.outcome.scan.findings if finding.severity == "high"]
    assert (finding.scanner, finding.rule, finding.file, finding.line) == ("Bandit", "B602", "src/run.py", 5)
    assert "src/run.py:5  B602" in done.log
    assert done.outcome.scan.checked == ("python",)


def test_a_planted_secret_is_found_and_never_shown(scan: Any) -> None:
    secret = slack_url()
    done = scan({"deploy/config.ini": f"[chat]\nurl = {secret}\n"}, scanners="secrets")
    assert done.outcome.status is StepStatus.FAILED
    (finding,) = done.outcome.scan.findings
    assert (finding.file, finding.line, finding.severity) == ("deploy/config.ini", 2, "high")
    everything = done.log + repr(done.outcome)
    assert secret not in everything and secret.rsplit("/", 1)[1] not in everything


def test_a_planted_private_key_is_found(scan: Any, tmp_path: Path) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed: no key can be made")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    text = (tmp_path / "key").read_text()
    done = scan({"id": text}, scanners="secrets")
    assert [finding.rule for finding in done.outcome.scan.findings] == ["betterleaks.private-key"]
    assert text.splitlines()[2] not in done.log + repr(done.outcome)


def test_a_password_that_bandit_quotes_is_not_shown(scan: Any) -> None:
    password = made_of(string.ascii_lowercase, 14)
    done = scan({"a.py": f"PASSWORD = '{password}'\n"}, scanners="python", fail_on="low")
    assert [finding.rule for finding in done.outcome.scan.findings] == ["B105"]
    assert password not in done.log + repr(done.outcome)


def test_a_planted_fault_in_a_workflow_is_found(scan: Any) -> None:
    workflow = """\
on: push
permissions: {}
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ github.event.head_commit.message }}
"""
    done = scan({".github/workflows/ci.yml": workflow}, scanners="workflows")
    assert done.outcome.status is StepStatus.FAILED
    assert any(finding.rule.endswith("template-injection") for finding in done.outcome.scan.findings)


def test_a_planted_fault_in_a_shell_script_is_found(scan: Any) -> None:
    done = scan({"clean.sh": '#!/bin/sh\nrm -rf "$1"/*\n'}, scanners="shell", fail_on="low")
    assert done.outcome.status is StepStatus.FAILED
    assert [finding.rule for finding in done.outcome.scan.findings] == ["SC2115"]


def test_clean_code_passes_and_names_who_looked(scan: Any) -> None:
    done = scan({"add.py": GOOD_PYTHON, "README.md": "# add\n"})
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert done.outcome.scan.checked == ("secrets", "python")
    assert done.outcome.scan.findings == ()
    assert done.outcome.scan.not_checked == {}
    assert done.outcome.outputs == {"findings": "0", "new_findings": "0"}


@pytest.mark.parametrize("fail_on, fails", [("critical", False), ("high", True), ("medium", True), ("none", False)])
def test_the_gate_is_where_the_file_says(scan: Any, fail_on: str, fails: bool) -> None:
    done = scan({"run.py": BAD_PYTHON}, scanners="python", fail_on=fail_on)
    assert (done.outcome.status is StepStatus.FAILED) is fails


def test_paths_choose_what_is_scanned(scan: Any) -> None:
    files = {"src/add.py": GOOD_PYTHON, "tests/run.py": BAD_PYTHON}
    assert scan(files, scanners="python", paths=["**", "!tests/**"]).outcome.status is StepStatus.SUCCESS


def test_dependencies_and_the_history_of_git_are_not_scanned(scan: Any) -> None:
    files = {"a.py": GOOD_PYTHON, "node_modules/x/run.py": BAD_PYTHON, ".venv/run.py": BAD_PYTHON}
    assert scan(files, scanners="python").outcome.status is StepStatus.SUCCESS


def test_a_link_that_leads_out_is_not_scanned(scan: Any, make_job: Any, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(BAD_PYTHON)
    workspace = make_job(type="security_scan").workspace
    (workspace / "link.py").symlink_to(tmp_path / "outside.py")
    assert scan({"a.py": GOOD_PYTHON}, scanners="python").outcome.scan.findings == ()


# ── what was not checked ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_scanner_with_nothing_to_look_at_has_checked_nothing(scan: Any) -> None:
    done = scan({"README.md": "# add\n"}, scanners="python")
    assert done.outcome.status is StepStatus.FAILED
    assert done.outcome.reason is Reason.NOT_AVAILABLE
    assert "Nothing was checked. python: there is no Python file to look at" in done.outcome.message
    assert done.outcome.scan.checked == ()


def test_an_empty_workspace_is_not_clean(scan: Any) -> None:
    done = scan({})
    assert done.outcome.status is StepStatus.FAILED
    assert "Nothing was checked" in done.outcome.message


def test_a_file_that_cannot_be_parsed_is_named_as_not_checked(scan: Any) -> None:
    done = scan({"a.py": GOOD_PYTHON, "broken.py": "def (\n"}, scanners="python")
    assert done.outcome.status is StepStatus.SUCCESS
    assert "broken.py (python)" in done.outcome.scan.not_checked
    assert any("broken.py" in warning for warning in done.outcome.warnings)
    assert scan({}, scanners="python", strict=True).outcome.status is StepStatus.FAILED


@pytest.mark.parametrize("others, status", [([], StepStatus.FAILED), (["secrets"], StepStatus.SUCCESS)])
def test_without_a_registry_a_scanner_is_not_checked(
    make_job: Any, perform: Any, tools: Path, monkeypatch: pytest.MonkeyPatch, *, others: list[str], status: StepStatus
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    job = make_job(type="security_scan", parameters={"scanners": ["python", *others]})
    (job.workspace / "a.py").write_text(GOOD_PYTHON)
    (job.data / "tools").mkdir()
    for name in others:
        (place,) = tools.glob(f"{name}-*")
        (job.data / "tools" / place.name).symlink_to(place)
    done = perform(job)
    assert done.outcome.status is status
    assert done.outcome.scan.checked == tuple(others)
    assert "the package registry could not be reached" in done.outcome.scan.not_checked["python"]
    assert "NOT CHECKED  python" in done.log
    assert sorted(path.name for path in (job.data / "tools").iterdir() if path.suffix == ".part") == []


def test_a_package_that_is_not_the_locked_one_is_not_installed(tools: Path, tmp_path: Path) -> None:
    text = SCANNERS["shell"].lock.read_text()
    lock = tmp_path / "shell.txt"
    lock.write_text(text.splitlines()[0] + "\n    --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(NotAvailable, match="its hash differs"):
        tool_environment("shell", lock, tools=tmp_path / "tools", pip={})
    assert [path.name for path in (tmp_path / "tools").iterdir() if not path.name.endswith(".lock")] == []


def test_scanners_work_without_a_network(scan: Any, make_job: Any, tools: Path, tmp_path: Path) -> None:
    """In a network namespace of its own, where nothing can be reached at all."""
    unshare = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives no network namespaces")
    job = make_job(type="security_scan", parameters={"scanners": ["secrets", "python", "workflows", "shell"]})
    for name, text in {
        "a.py": GOOD_PYTHON,
        "a.sh": "#!/bin/sh\ntrue\n",
        ".github/workflows/a.yml": "on: push\njobs: {}\n",
    }.items():
        (job.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (job.workspace / name).write_text(text)
    (job.data / "tools").symlink_to(tools)
    command = step_type("security_scan").prepare(job)
    env = {**command.env, "ANSFLOW_OUTPUT": str(job.attempt_folder / "outputs")}
    done = subprocess.run([*unshare, *command.argv], input=command.stdin, env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    result = json.loads(job.file("result.json").read_text())
    assert result["checked"] == ["secrets", "python", "workflows", "shell"]


# ── tool environments ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_environment_is_made_without_what_the_step_set(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    seen: list[Any] = []
    monkeypatch.setattr(environments, "_run", lambda command, env, name: seen.append(env))
    tool_environment("shell", SCANNERS["shell"].lock, tools=tmp_path / "tools", pip={"PIP_INDEX_URL": "x"})
    assert [set(env) for env in seen] == [{"PATH", "HOME", "LANG", "PIP_INDEX_URL"}] * 2


def test_two_steps_that_need_the_same_environment_make_it_once(tools: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ansflow.steps.security_scan.environments import tool_environment;"
        "tool_environment('shell', Path(sys.argv[1]), tools=Path(sys.argv[2]), pip={})"
    )
    argv = [sys.executable, "-c", code, str(SCANNERS["shell"].lock), str(tmp_path / "tools")]
    steps = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = "".join(step.communicate()[0] for step in steps)
    assert [step.returncode for step in steps] == [0, 0, 0]
    assert said.count("Making the tool environment") == 1


def test_what_a_killed_step_left_is_removed(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tool_environment("shell", SCANNERS["shell"].lock, tools=tmp_path, pip={})
    shutil.rmtree(place)
    (tmp_path / f".{place.name}.killed.part").mkdir()
    made = []
    monkeypatch.setattr(environments, "_run", lambda command, env, name: made.append(command))
    tool_environment("shell", SCANNERS["shell"].lock, tools=tmp_path, pip={})
    assert len(made) == 2
    assert not list(tmp_path.glob(".*.part"))


def test_locks_name_hashes_and_no_address() -> None:
    for scanner in SCANNERS.values():
        text = scanner.lock.read_text()
        assert "--hash=sha256:" in text
        assert "http" not in text


# ── baseline ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_finding_of_the_baseline_is_known_also_when_lines_move(scan: Any, make_job: Any) -> None:
    secret = slack_url()
    files = {"run.py": BAD_PYTHON, "config.ini": f"url = {secret}\n"}
    options = {"scanners": ["python", "secrets"], "baseline": "accepted.json"}
    written = scan(files, write_baseline=True, **options)
    assert written.outcome.status is StepStatus.SUCCESS, written.log
    moved = {"run.py": "# a comment\n\n" + BAD_PYTHON, "config.ini": f"# a comment\n\nurl = {secret}\n"}
    done = scan(moved, **options)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert all(finding.known for finding in done.outcome.scan.findings)
    assert done.outcome.outputs["new_findings"] == "0"


def test_another_finding_beside_the_known_one_stops(scan: Any) -> None:
    options = {"scanners": ["python", "secrets"], "baseline": "accepted.json"}
    scan({"run.py": BAD_PYTHON, "config.ini": f"url = {slack_url()}\n"}, write_baseline=True, **options)
    done = scan({"run.py": BAD_PYTHON, "config.ini": f"url = {slack_url()}\n"}, **options)
    assert done.outcome.status is StepStatus.FAILED
    assert [finding.file for finding in done.outcome.scan.findings if not finding.known] == ["config.ini"]


def test_a_baseline_holds_no_secret_and_one_finding_a_line(scan: Any, make_job: Any) -> None:
    secret = slack_url()
    scan({"config.ini": f"url = {secret}\n"}, scanners="secrets", baseline="accepted.json", write_baseline=True)
    text = (make_job(type="security_scan").workspace / "accepted.json").read_text()
    assert secret.rsplit("/", 1)[1] not in text
    assert set(json.loads(text)["findings"][0]) == {"fingerprint", "file", "rule", "severity"}


@pytest.mark.parametrize("text", [None, "", "[]", '{"findings": [{}]}', "{"])
def test_a_baseline_that_cannot_be_read_stops_the_step(scan: Any, text: str | None) -> None:
    files = {"add.py": GOOD_PYTHON} | ({"accepted.json": text} if text is not None else {})
    done = scan(files, scanners="python", baseline="accepted.json")
    assert done.outcome.status is StepStatus.FAILED
    assert "baseline" in done.outcome.message and "accepted.json" in done.outcome.message


# ── scanners of others ───────────────────────────────────────────────────────────────────────────────────────────


def sarif(level: str = "error", *, succeeded: bool = True) -> str:
    place = {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": 7}}
    result = {"ruleId": "X1", "level": level, "message": {"text": "bad"}, "locations": [{"physicalLocation": place}]}
    invocations = [{"executionSuccessful": succeeded}]
    run = {"tool": {"driver": {"name": "other"}}, "results": [result], "invocations": invocations}
    return json.dumps({"version": "2.1.0", "runs": [run]})


def test_the_report_of_another_tool_counts_like_our_own(scan: Any) -> None:
    done = scan({"out/other.sarif": sarif()}, sarif="out/*.sarif")
    assert done.outcome.status is StepStatus.FAILED
    assert done.outcome.scan.checked == ("other",)
    assert scan({"out/other.sarif": sarif("warning")}, sarif="out/*.sarif").outcome.status is StepStatus.SUCCESS


@pytest.mark.parametrize("text", ["{", "[]", sarif(succeeded=False)])
def test_a_report_that_cannot_be_read_or_did_not_finish_is_not_clean(scan: Any, text: str) -> None:
    done = scan({"out/other.sarif": text}, sarif="out/*.sarif")
    assert done.outcome.status is StepStatus.FAILED
    assert "Nothing was checked" in done.outcome.message


def test_a_missing_report_is_not_clean(scan: Any) -> None:
    assert "Nothing was checked" in scan({}, sarif="out/*.sarif").outcome.message


def test_a_script_can_bring_its_own_scanner(scan: Any, make_job: Any) -> None:
    script = f"cat > own.sarif <<'EOF'\n{sarif('warning')}\nEOF\nexit 1"
    done = scan({}, script, sarif="own.sarif", fail_on="high")
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert done.outcome.scan.checked == ("other",)
    assert "The script ended with exit code 1" in done.log


def test_a_report_from_before_the_script_does_not_count(scan: Any, make_job: Any) -> None:
    report = make_job(type="security_scan").workspace / "own.sarif"
    report.write_text(sarif("note"))
    os.utime(report, (1, 1))
    done = scan({}, "true", sarif="own.sarif")
    assert done.outcome.status is StepStatus.FAILED
    assert "Nothing was checked" in done.outcome.message


# ── before the run ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scanner", ["dependencies", "semgrep", "trivy"])
def test_a_scanner_that_is_not_here_is_refused_before_the_run(scanner: str) -> None:
    spec = StepSpec(id="scan", type="security_scan", parameters={"scanners": ["secrets", scanner]})
    (problem,) = step_type("security_scan").check(spec)
    assert f"The scanner {scanner} is not available here." in problem.message
    assert problem.hint


def test_a_script_without_a_report_is_refused_before_the_run() -> None:
    (problem,) = step_type("security_scan").check(StepSpec(id="scan", type="security_scan", run=("semgrep",)))
    assert "sarif" in problem.hint


KEEPS = """
import json, sys
from pathlib import Path
report, cache = map(Path, sys.argv[1:3])
if (cache / "rules").exists():
    (cache / "rules").write_text("mine")
    sys.exit(3)
cache.mkdir(mode=0o700)
(cache / "rules").touch(mode=0o600)
report.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "keeps"}}, "results": []}]}))
"""


def test_what_a_scanner_keeps_speeds_up_a_sandbox_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There it is another user, and may write nothing: it works on a copy."""
    keeping = Scanner(
        name="keeping",
        looks_at="file",
        files=("**",),
        program=("bin/python", "-I", "-c", KEEPS),
        arguments=lambda report, cache: (str(report), str(cache)),
        tidy=lambda log, _: log,
    )
    (tmp_path / "tool" / "bin").mkdir(parents=True)
    (tmp_path / "tool" / "bin" / "python").symlink_to(sys.executable)
    scanners.scan(keeping, tmp_path / "tool", tmp_path, ["a"])
    cache = tmp_path / "tool" / "cache"
    assert (cache.stat().st_mode & 0o777, (cache / "rules").stat().st_mode & 0o777) == (0o755, 0o644)
    monkeypatch.setattr(scanners.os, "access", lambda path, mode: False)
    with pytest.raises(NotAvailable, match="exit code 3"):
        scanners.scan(keeping, tmp_path / "tool", tmp_path, ["a"])
    assert (cache / "rules").read_text() == ""
