"""The main job on a server: a real project in a repository behind a login, triggered by the contract's own line.

The same pipeline as in `test_real_projects.py`, on each kind of database. What is asserted was read back over the API,
and is held against what can be counted without us: files, a mail, git, the tools' own reports.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansflow.core.errors import NotAvailable
from ansflow.document.edits import apply, read_edit
from ansflow.steps.security_scan.environments import tool_environment
from ansflow.steps.security_scan.scanners import SCANNERS, scan
from tests.databases import KINDS, fresh
from tests.e2e.conftest import Inbox
from tests.e2e.real_projects import CACHE, EXAMPLES, TELL, junit_numbers, real_repository
from tests.git_hosts import HttpHost, http_host
from tests.server_process import ServerProcess, until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "run-and-follow-an-execution.md"
LOGIN = "reader:s3cret-of-the-reader"
NUMBER = 12  # of the pipeline in the contract's line
SCANS = ("secrets", "python")
ON_A_SERVER = (
    "unset inputs",
    "set steps.source {type: fetch_code}",  # the project's repository, with the project's credential
    "set steps.package.executor host",  # these ask a package registry, by the settings of this machine
    "set steps.environment.executor host",
    "set steps.unit.executor host",
    "set finally.tell.network open",  # in a sandbox, as are the source, the scan and the deployment
)


@pytest.fixture
def git_host(tmp_path: Path) -> Iterator[HttpHost]:
    with http_host(tmp_path / "repositories", login=LOGIN) as host:
        yield host


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Where the scanners are, installed and used once for every test run on this machine."""
    CACHE.mkdir(mode=0o700, exist_ok=True)
    (tmp_path / "clean.py").write_text("print(1)\n")
    for name in SCANS:
        try:
            place = tool_environment(name, SCANNERS[name].lock, tools=CACHE / "tools", pip={})
        except NotAvailable as error:
            pytest.skip(f"the scanner {name} could not be installed here: {error}")
        if not (place / "used").exists():
            scan(SCANNERS[name], place, tmp_path, ["clean.py"])
            (place / "used").touch()
    return CACHE / "tools"


def committed(tmp_path: Path, mail: str) -> str:
    """Makes a repository of MarkupSafe with its pipeline in it, as a server fetches it; its commit."""
    example = (EXAMPLES / "markupsafe.yml").read_text() + TELL.format(server=mail)
    for words in (*ON_A_SERVER, f"set steps.publish.with.target {tmp_path / 'deployed'}"):
        example = apply(example, read_edit(words.split(" ", 2)))
    source = real_repository("markupsafe", tmp_path / "repositories")
    (source / ".ansflow.yml").write_text(example)
    git = ["git", "-C", str(source), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "A pipeline"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout.strip()


def trigger(server: ServerProcess) -> dict[str, Any]:
    """The line of the contract, word for word but for the token and the port; its pipeline is the twelfth."""
    (line,) = re.findall(r"```bash\n(curl -X POST .*?executions/.*?)\n```", PAGE.read_text(), re.DOTALL)
    assert line.startswith('curl -X POST "http://localhost:8000/api/v1/cicd/executions/" -H "Authorization: Bearer')
    port = server.url.rpartition(":")[2]
    words = shlex.split(line.replace("<token>", server.token).replace(":8000", f":{port}").replace("\\\n", ""))
    done = subprocess.run([*words, "--silent", "--show-error"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert "step_executions" in answer, answer
    return answer


def pipeline_of(server: ServerProcess, git_host: HttpHost) -> tuple[int, int]:
    """A project with its repository and the credential for it, and the pipeline that stands in it: their numbers."""
    project = server.api("POST", "projects/", {"name": "markupsafe", "repository": git_host.url("markupsafe")})
    user, _, password = LOGIN.partition(":")
    login = {"project": project["id"], "name": "reader", "username": user, "password": password}
    credential = server.api("POST", "cicd/git-credentials/", {**login, "host": f"127.0.0.1:{git_host.port}"})
    assert credential["has_password"] and password not in json.dumps(credential)
    server.api("PATCH", f"projects/{project['id']}/", {"git_credential": credential["id"]})
    for number in range(1, NUMBER):
        steps = [{"name": "Look", "run": "true"}]
        server.api("POST", "pipelines/", {"project": project["id"], "name": f"before-{number}", "steps": steps})
    wanted = {"project": project["id"], "name": "markupsafe", "repository_path": ".ansflow.yml"}
    return project["id"], server.api("POST", "pipelines/", wanted)["id"]


def triggered(server: ServerProcess, git_host: HttpHost) -> dict[str, Any]:
    """The execution as it stands at its end."""
    project, pipeline = pipeline_of(server, git_host)
    started = trigger(server)
    assert (started["pipeline"], started["project"], started["trigger_type"]) == (pipeline, project, "manual")
    path = f"cicd/executions/{started['id']}/"
    until(lambda: server.api("GET", path)["ended_at"], "the execution ends")
    execution: dict[str, Any] = server.api("GET", path)
    execution["steps"] = {
        one["key"]: server.api("GET", f"{path}steps/{one['key']}/") for one in started["step_executions"]
    }
    return execution


def log_of(server: ServerProcess, execution: dict[str, Any], step: str, **part: int) -> str:
    text: str = server.api("GET", f"cicd/executions/{execution['id']}/logs/", step=step, **part)
    return text


def check_artifact(server: ServerProcess, execution: dict[str, Any], deployed: Path) -> None:
    """What was kept, what is deployed and what the API gives are the same wheel."""
    path = f"cicd/executions/{execution['id']}/artifacts/"
    (wheel,) = server.api("GET", path)["results"]
    headers = {"authorization": f"Bearer {server.token}"}
    given = server.get(f"/api/v1/{path}{wheel['step']}/{wheel['path']}", **headers).content
    assert hashlib.sha256(given).hexdigest() == wheel["sha256"]
    assert (deployed / "current" / Path(wheel["path"]).name).read_bytes() == given


def check_logs(server: ServerProcess, execution: dict[str, Any]) -> None:
    """Every log is whole, and any part of it is the same part of the whole, by byte and by line."""
    listed = server.api("GET", f"cicd/executions/{execution['id']}/logs/")["logs"]
    assert {one["step"] for one in listed} == set(execution["steps"])
    for one in listed:
        whole = log_of(server, execution, one["step"])
        assert (len(whole.encode()), len(whole.splitlines()), one["ended"]) == (one["length"], one["lines"], True)
    package = log_of(server, execution, "package")
    assert "Successfully built MarkupSafe" in package
    assert log_of(server, execution, "package", start=10, end=90) == package[10:90]
    assert log_of(server, execution, "package", first=2, last=3).splitlines() == package.splitlines()[1:3]


def check_account(server: ServerProcess, execution: dict[str, Any]) -> None:
    """`why` and the statistics tell of the same execution as its events."""
    decisions = server.api("GET", f"cicd/executions/{execution['id']}/why/")["decisions"]
    assert decisions[0]["message"] == "markupsafe #1, version 1 was started by admin (manual) for the branch main."
    successes = [one["step"] for one in decisions if one["step"] and one["status"] == "success"]
    assert sorted(successes) == sorted(execution["steps"])
    events = server.api("GET", f"cicd/executions/{execution['id']}/events/")["events"]
    assert [one["seq"] for one in events] == list(range(1, execution["seq"] + 1))
    numbers = server.api("GET", "cicd/executions/statistics/", project=execution["project"])
    assert (numbers["total"], numbers["counts"]["success"], numbers["success_rate"]) == (1, 1, 1.0)
    assert numbers["duration_seconds"]["p50"] == execution["duration_seconds"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_project_is_built_tested_scanned_deployed_and_told_of_by_a_server(
    kind: str, tmp_path: Path, git_host: HttpHost, tools: Path, mail_server: tuple[str, Inbox]
) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed: bin/services installs it.")
    mail, inbox = mail_server
    head = committed(tmp_path, mail)
    (tmp_path / "deployed").mkdir()
    (tmp_path / "deployed").chmod(0o777)  # the user of a sandbox writes there
    server = ServerProcess(
        tmp_path,
        ANSFLOW_DATABASE_URL=fresh(kind),
        ANSFLOW_ALLOW_HOST_EXECUTOR="true",
        ANSFLOW_ALLOW_PRIVATE_HOSTS=f"127.0.0.1:{git_host.port},{mail}",
    )
    server.data.mkdir(mode=0o700)
    (server.data / "tools").symlink_to(tools)
    server.start_with_administrator()
    try:
        execution = triggered(server, git_host)
        steps = execution["steps"]
        assert execution["status"] == "success", [(key, one["message"]) for key, one in steps.items()]
        assert steps["source"]["report"]["outputs"]["commit"] == head
        units = [one["tests"] for key, one in steps.items() if key.startswith("unit (")]
        reports = junit_numbers(server.data / "server" / "executions" / str(execution["id"]) / "attempts")
        assert sorted((one["total"], one["failed"] + one["errors"]) for one in units) == sorted(reports)
        assert len(units) == 3 and all(total > 50 and failed == 0 for total, failed in reports)
        assert set(steps["scan"]["report"]["scan"]["checked"]) == set(SCANS)
        check_artifact(server, execution, tmp_path / "deployed")
        check_logs(server, execution)
        check_account(server, execution)
    finally:
        assert server.stop() == 0
    (message,) = inbox.mails
    assert "markupsafe" in message["subject"] and "succeeded" in message["subject"]
    assert f"Basic {base64.b64encode(LOGIN.encode()).decode()}" in git_host.seen
