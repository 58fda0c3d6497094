"""The command line as a client: every verb against a real server that it has filled itself with `ansflow demo`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ANSFLOW, PASSWORD, PATIENCE, ServerProcess, environment, until


class Client:
    """Somebody at a terminal, with a home of their own."""

    def __init__(self, server: ServerProcess, home: Path) -> None:
        self.server = server
        self.home = home
        home.mkdir(exist_ok=True)

    def __call__(self, *words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        known = environment(self.home / "data", XDG_CONFIG_HOME=str(self.home), **env)
        return subprocess.run(
            [ANSFLOW, *words], env=known, cwd=self.home, input=stdin, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip

    def good(self, *words: str, code: int = 0) -> str:
        """What it prints, where it ends with that code."""
        done = self(*words)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.good(*words, "--json", code=code))

    def log_in(self, username: str, password: str) -> subprocess.CompletedProcess[str]:
        file = self.home / "password"
        file.write_text(f"{password}\n")
        words = ("--server", self.server.url, "--username", username, "--password-file", str(file))
        return self("login", *words)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path_factory.mktemp("house"))
    made.start_with_administrator()
    yield made
    made.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def ansflow(server: ServerProcess) -> Client:
    """The administrator, signed in."""
    client = Client(server, server.folder / "admin")
    done = client.log_in("admin", PASSWORD)
    assert (done.returncode, done.stdout) == (0, f"Signed in to {server.url} as admin.\n"), done.stderr
    return client


@pytest.fixture(scope="module")
def demo(ansflow: Client) -> dict[str, Any]:
    """What `ansflow demo` has made, its executions by pipeline."""
    made = ansflow.json("demo")
    return made | {one["pipeline_name"]: one for one in made["executions"]}


def test_the_demo_is_made_by_really_running_it(ansflow: Client, demo: dict[str, Any]) -> None:
    assert [one["status"] for one in demo["executions"]] == ["success", "failed", "running"]
    assert {person["role"] for person in demo["people"]} == {"owner", "maintainer", "developer", "reporter"}
    steps = {step["key"]: step for step in demo["prices"]["step_executions"]}
    assert (steps["unit"]["tests"]["failed"], steps["publish"]["status"]) == (1, "skipped")
    assert {step["status"] for step in demo["website"]["step_executions"]} == {"success", "waiting"}
    again = ansflow("demo")
    assert (again.returncode, again.stderr) == (1, "Error: There is a project demo already: the demo has been made.\n")


def test_people_of_the_demo_can_sign_in(server: ServerProcess, demo: dict[str, Any]) -> None:
    person = next(one for one in demo["people"] if one["role"] == "reporter")
    client = Client(server, server.folder / "reporter")
    assert client.log_in(person["username"], person["password"]).returncode == 0
    assert {one["name"] for one in client.json("projects", "list")} == {"demo"}
    refused = client("executions", "cancel", str(demo["website"]["id"]))
    assert refused.returncode == 1 and refused.stderr.startswith("Error: ")


# ── signing in ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sign_in_keeps_a_token_for_its_owner_only_until_it_is_given_back(server: ServerProcess) -> None:
    client = Client(server, server.folder / "guest")
    assert client("projects", "list", "--server", server.url).returncode == 4
    wrong = client.log_in("admin", "not-the-password")
    assert (wrong.returncode, wrong.stdout) == (4, "")
    assert wrong.stderr == f"Error: {server.url} knows no such user with this password or token.\n"

    assert client.log_in("admin@example.com", PASSWORD).returncode == 0
    kept = client.home / "ansflow" / "hosts.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    token = json.loads(kept.read_text())[server.url]["token"]
    assert PASSWORD not in kept.read_text() and token.startswith("ansf_")
    assert client("projects", "list").returncode == 0

    assert client.good("logout") == f"Signed out of {server.url}.\n"
    assert client("projects", "list", ANSFLOW_SERVER=server.url, ANSFLOW_TOKEN=token).returncode == 4


def test_tokens_are_made_used_and_taken_back(ansflow: Client, server: ServerProcess) -> None:
    made = ansflow("token", "create", "ci", "--scope", "read", "--days", "3")
    token = made.stdout.strip()
    assert made.returncode == 0 and "never shown again" in made.stderr
    machine = Client(server, server.folder / "machine")
    known = {"ANSFLOW_SERVER": server.url, "ANSFLOW_TOKEN": token}
    assert machine("projects", "list", **known).returncode == 0
    assert machine("projects", "create", "no", **known).returncode == 1
    (found,) = [one for one in ansflow.json("token", "list") if one["name"] == "ci"]
    assert token not in ansflow.good("token", "list")
    ansflow.good("token", "revoke", str(found["id"]))
    assert machine("projects", "list", **known).returncode == 4


# ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_executions_are_listed_and_shown(ansflow: Client, demo: dict[str, Any]) -> None:
    listed = ansflow.good("executions", "list")
    assert re.search(r"✓ success +demo/library #1", listed) and re.search(r"✗ failed +demo/prices #1", listed)
    found = ansflow.json("executions", "list", "--status", "failed")
    assert {one["pipeline_name"] for one in found} == {"prices"}
    shown = ansflow.good("executions", "view", str(demo["prices"]["id"]))
    assert "publish" in shown and "needs unit, which failed" in shown
    assert "成功" in ansflow.good("executions", "view", str(demo["library"]["id"]), "--lang", "zh")


def test_logs_are_printed_whole_by_line_and_of_what_failed(ansflow: Client, demo: dict[str, Any]) -> None:
    red = str(demo["prices"]["id"])
    assert "test_total: total([5, 7]) is 7, not 12" in ansflow.good("executions", "logs", red, "--failed")
    assert ansflow.good("executions", "logs", red, "--step", "report") == "the tests ended with failed\n"
    assert ansflow.good("executions", "logs", red, "--step", "unit", "--lines", "1-1").count("\n") == 1
    missing = ansflow("executions", "logs", red, "--step", "unti")
    assert missing.returncode == 1 and "unit" in missing.stderr


def test_every_decision_is_explained(ansflow: Client, demo: dict[str, Any]) -> None:
    assert "needs unit" in ansflow.good("executions", "why", str(demo["prices"]["id"]))


def test_what_is_not_there_is_said_in_a_sentence(ansflow: Client) -> None:
    for words in (("executions", "view", "987654"), ("pipelines", "view", "987654"), ("projects", "view", "987654")):
        done = ansflow(*words)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("Error: There is no")


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_watching_ends_as_the_execution_ends(ansflow: Client, demo: dict[str, Any]) -> None:
    assert "package" in ansflow.good("executions", "watch", str(demo["library"]["id"]))
    assert "test_total" in ansflow.good("executions", "watch", str(demo["prices"]["id"]), code=1)


def test_an_execution_is_run_again_whole_or_from_what_failed(ansflow: Client, demo: dict[str, Any]) -> None:
    again = ansflow.good("executions", "rerun", str(demo["prices"]["id"]), "--watch", code=1)
    assert "unit" in again
    retried = ansflow.json("executions", "retry", str(demo["prices"]["id"]))
    assert retried["rerun_of"] == demo["prices"]["id"]
    resumed = ansflow.json("executions", "resume", str(demo["library"]["id"]), "--from", "package")
    ansflow.good("executions", "watch", str(resumed["id"]))


def waiting(ansflow: Client, demo: dict[str, Any]) -> tuple[str, str]:
    """A new execution of the website that waits for an answer, and the number of that approval."""
    started = ansflow.json("pipelines", "run", str(demo["website"]["pipeline"]))

    def found() -> str:
        mine = [one for one in ansflow.json("approve") if one["execution"] == started["id"]]
        return str(mine[0]["id"]) if mine else ""

    return str(started["id"]), until(found, "it waits for an answer")


def test_an_approval_lets_it_go_on(ansflow: Client, demo: dict[str, Any]) -> None:
    execution, approval = waiting(ansflow, demo)
    assert "Publish the website?" in ansflow.good("approve")
    assert ansflow.good("approve", approval, "--comment", "looks good") == "publish is approved and goes on.\n"
    ansflow.good("executions", "watch", execution)
    assert ansflow("approve", approval).returncode == 1


def test_a_rejection_ends_it_red(ansflow: Client, demo: dict[str, Any]) -> None:
    execution, approval = waiting(ansflow, demo)
    assert ansflow.good("approve", approval, "--reject", "-m", "not today") == "publish is rejected.\n"
    ansflow.good("executions", "watch", execution, code=1)


def test_an_execution_is_cancelled(ansflow: Client, demo: dict[str, Any]) -> None:
    execution, _ = waiting(ansflow, demo)
    assert "asked to end" in ansflow.good("executions", "cancel", execution, "-m", "superseded")
    ansflow.good("executions", "watch", execution, code=2)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_project_and_a_pipeline_are_made_saved_and_run(ansflow: Client) -> None:
    project = ansflow.json("projects", "create", "shop", "--description", "sells things")
    assert "sells things" in ansflow.good("projects", "view", str(project["id"]))
    file = ansflow.home / "hello.yml"
    file.write_text("version: 1\nname: hello\nsteps:\n  greet: {run: echo hello}\n")
    made = ansflow.json("pipelines", "create", str(file), "--project", str(project["id"]))
    number = str(made["id"])
    assert ansflow.good("pipelines", "view", number) == file.read_text()
    assert "Nothing has changed" in ansflow.good("pipelines", "update", number, str(file))
    file.write_text(file.read_text().replace("echo hello", "echo good morning"))
    assert ansflow.good("pipelines", "update", number, str(file), "--message", "politer") == "Saved as version 2.\n"
    ansflow.good("pipelines", "run", number, "--watch")
    (listed,) = [one for one in ansflow.json("pipelines", "list") if one["name"] == "hello"]
    assert listed["last_execution"]["status"] == "success"


def test_a_file_with_a_mistake_is_refused_with_its_line(ansflow: Client, demo: dict[str, Any]) -> None:
    file = ansflow.home / "wrong.yml"
    file.write_text("version: 1\nname: wrong\nsteps:\n  unit: {runs: echo}\n")
    done = ansflow("pipelines", "create", str(file), "--project", str(demo["project"]["id"]))
    assert (done.returncode, done.stdout) == (5, "")
    assert ":4:" in done.stderr and "runs" in done.stderr and "run" in done.stderr


def test_a_server_that_does_not_answer_is_named(ansflow: Client) -> None:
    done = ansflow("projects", "list", ANSFLOW_SERVER="http://127.0.0.1:9", ANSFLOW_TOKEN="ansf_x")
    assert done.returncode == 1 and "http://127.0.0.1:9" in done.stderr
