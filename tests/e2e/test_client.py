"""The command line as a client: each command against a real server, as a person types it."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.server_process import ANSFLOW, PASSWORD, PATIENCE, ServerProcess, environment, until

SOURCE = """\
version: 1
name: shop
inputs:
  weather: {type: string, default: fine}
steps:
  look: {run: 'echo "the weather is $WEATHER"', env: {WEATHER: "${{ inputs.weather }}"}}
  judge: {needs: look, run: 'test "$WEATHER" != bad', env: {WEATHER: "${{ inputs.weather }}"}}
  hang: {needs: judge, run: sleep 600, if: inputs.weather == 'endless'}
"""

KEEPS = """\
version: 1
name: kept
max_parallel: 1
steps:
  build:
    artifacts: [dist, empty.txt]
    run: |
      mkdir -p 'dist/sub #1'
      echo wheel > 'dist/sub #1/app?.whl'
      head -c 3000000 /dev/urandom > dist/big
      touch empty.txt
  test:
    matrix: {n: [1, 2]}
    artifacts: [report.txt]
    run: echo "$N" > report.txt
    env: {N: "${{ matrix.n }}"}
"""

Done = subprocess.CompletedProcess[str]
Client = Callable[..., Done]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("served"))
    server.start_with_administrator()
    yield server
    assert server.stop() == 0


def environment_of(home: Path, **known: str) -> dict[str, str]:
    given = environment(home / "data", HOME=str(home), COLUMNS="80", **known)
    given.pop("XDG_CONFIG_HOME", None)
    return given


def client_of(home: Path, **known: str) -> Client:
    def run(*words: str, stdin: str = "", **env: str) -> Done:
        given = environment_of(home, **known, **env)
        return subprocess.run(
            [ANSFLOW, *words], env=given, input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    return run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ann")


@pytest.fixture(scope="module")
def ann(server: ServerProcess, home: Path) -> Client:
    """Signed in as the administrator."""
    run = client_of(home)
    file = str(server.folder / "password")
    done = run("login", "--server", server.url, "--username", "admin", "--password-file", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Signed in to {server.url} as admin.\n", "")
    kept = home / ".config" / "ansflow" / "hosts.json"
    assert kept.stat().st_mode & 0o777 == 0o600 and PASSWORD not in kept.read_text()
    return run


@pytest.fixture(scope="module")
def pipeline(ann: Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The number of a pipeline that was made from a file."""
    file = tmp_path_factory.mktemp("shop") / ".ansflow.yml"
    file.write_text(SOURCE)
    project = json.loads(ann("projects", "create", "shop", "--description", "Sells things", "--json").stdout)
    made = json.loads(ann("pipelines", "create", str(file), "--project", str(project["id"]), "--json").stdout)
    return str(made["id"])


def started(done: Done) -> str:
    found = re.search(r"Execution (\d+) ", done.stdout)
    assert done.returncode == 0 and found, done.stdout + done.stderr
    return found[1]


def test_who_is_not_signed_in_is_told_how(server: ServerProcess, tmp_path: Path) -> None:
    stranger = client_of(tmp_path)
    done = stranger("projects", "list", "--server", server.url)
    assert done.returncode == 4 and "ansflow login" in done.stderr
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("not-the-password\n")
    done = stranger("login", "--server", server.url, "-u", "admin", "--password-file", str(wrong))
    assert done.returncode != 0 and done.stderr.startswith("Error: ")
    wrong.write_text("")
    done = stranger("login", "--server", server.url, "-u", "admin", "--password-file", str(wrong))
    assert (done.returncode, done.stderr) == (5, f"Error: {wrong} holds no password in its first line.\n")
    done = stranger("login", "--server", "http://ci.example.com", "-u", "ann", "--password-file", str(wrong))
    assert done.returncode == 5 and "--insecure-http" in done.stderr
    assert not (tmp_path / ".config").exists()


@pytest.mark.parametrize(
    ("lang", "refused"),
    [
        ("en", "Error: http://127.0.0.1:1 cannot be reached: Connection refused.\n"),
        ("zh", "错误：无法连接 http://127.0.0.1:1：连接被拒绝。\n"),
    ],
)
def test_a_server_that_is_not_there_is_told_in_the_words_of_the_system(tmp_path: Path, lang: str, refused: str) -> None:
    stranger = client_of(tmp_path, ANSFLOW_LANG=lang, ANSFLOW_SERVER="http://127.0.0.1:1", ANSFLOW_TOKEN="ansf_given")
    done = stranger("executions", "list")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", refused)


def test_an_answer_to_a_form_that_has_no_value_is_refused_as_one(ann: Client) -> None:
    done = ann("approve", "1", "--field", "version")
    assert (done.returncode, done.stderr) == (5, "Error: version is no answer to the form: write NAME=VALUE.\n")


def test_projects_and_pipelines_are_made_shown_and_changed(ann: Client, pipeline: str, tmp_path: Path) -> None:
    assert "shop" in ann("projects", "list").stdout and "Sells things" in ann("projects", "list").stdout
    assert ann("pipelines", "view", pipeline).stdout == SOURCE
    file = tmp_path / "next.yml"
    file.write_text(SOURCE + "  bye: {run: echo bye}\n")
    assert ann("pipelines", "update", pipeline, str(file), "--message", "Says bye").returncode == 0
    assert ann("pipelines", "view", pipeline).stdout.endswith("bye: {run: echo bye}\n")
    late = ann("pipelines", "update", pipeline, str(file), "--base", "1")
    assert late.returncode != 0 and "Version 2 was saved by admin" in late.stderr
    assert ann("pipelines", "update", pipeline, str(file), "--base", "2").returncode == 0
    file.write_text("version: 1\nname: shop\nsteps:\n  unit: {runs: x}\n")
    done = ann("pipelines", "update", pipeline, str(file))
    assert done.returncode == 5 and "Unknown key 'runs' in a step." in done.stderr and "4 |   unit" in done.stderr
    file.write_text(SOURCE)
    assert ann("pipelines", "update", pipeline, str(file)).returncode == 0


def test_a_project_is_viewed(ann: Client, pipeline: str) -> None:
    project = str(json.loads(ann("pipelines", "view", pipeline, "--json").stdout)["project"])
    lines = ann("projects", "view", project).stdout.splitlines()
    assert lines[0] == "shop" and {"  description: Sells things", "  your role: owner"} <= set(lines)
    assert json.loads(ann("projects", "view", project, "--json").stdout)["description"] == "Sells things"
    missing = ann("projects", "view", "999999")
    assert (missing.returncode, missing.stdout, missing.stderr) == (1, "", "Error: There is no such project.\n")


def test_pipelines_are_listed_with_their_last_execution(ann: Client, pipeline: str) -> None:
    project = json.loads(ann("pipelines", "view", pipeline, "--json").stdout)["project"]
    other = json.loads(ann("projects", "create", "empty", "--json").stdout)["id"]
    assert ann("pipelines", "run", pipeline, "--watch").returncode == 0
    (line,) = (one for one in ann("pipelines", "list").stdout.splitlines() if one.split()[0] == pipeline)
    assert line.split()[:3] == [pipeline, "shop", "shop"] and "✓ success" in line and line.endswith("ago")
    ours = json.loads(ann("pipelines", "list", "--project", str(project), "--limit", "1", "--json").stdout)
    assert len(ours) == 1 and ours[0]["project"] == project
    assert json.loads(ann("pipelines", "list", "--project", str(other), "--json").stdout) == []
    none = ann("pipelines", "list", "--project", str(other))
    assert (none.stdout, none.stderr) == ("", "There is no pipeline that you may see.\n")


def test_executions_are_listed_by_branch_as_json_and_only_so_many(ann: Client, pipeline: str) -> None:
    mine = [started(ann("pipelines", "run", pipeline, "--branch", "feature/cart")) for _ in range(2)]
    listed = json.loads(ann("executions", "list", "--branch", "feature/cart", "--json").stdout)
    assert [(str(one["id"]), one["branch"]) for one in listed] == [(mine[1], "feature/cart"), (mine[0], "feature/cart")]
    newest = json.loads(ann("executions", "list", "--pipeline", pipeline, "-n", "1", "--json").stdout)
    assert [str(one["id"]) for one in newest] == [mine[1]]
    assert len(ann("executions", "list", "-n", "1").stdout.splitlines()) == 1
    assert json.loads(ann("executions", "list", "--branch", "none", "--json").stdout) == []
    for execution in mine:
        ann("executions", "watch", execution)


def test_an_approval_takes_a_form_and_a_no(ann: Client, pipeline: str, tmp_path: Path) -> None:
    file = tmp_path / "gated.yml"
    fields = "[{name: ticket, required: true}, {name: sure, type: boolean}]"
    file.write_text(f"steps:\n  ship: {{run: echo shipped, approval: {{message: Ship it?, fields: {fields}}}}}\n")
    project = str(json.loads(ann("pipelines", "view", pipeline, "--json").stdout)["project"])
    made = json.loads(ann("pipelines", "create", str(file), "--project", project, "--name", "gated", "--json").stdout)
    executions = [started(ann("pipelines", "run", str(made["id"]))) for _ in range(2)]

    def gates() -> list[str]:
        found = json.loads(ann("approve", "--json").stdout)
        numbers = {str(one["execution"]): str(one["id"]) for one in found}
        return [numbers[one] for one in executions] if set(executions) <= set(numbers) else []

    yes, no = until(gates, "both wait")
    assert f"{yes}  shop/gated #1  ship  Ship it?" in ann("approve").stdout
    empty = ann("approve", yes)
    assert (empty.returncode, empty.stdout) == (5, "") and "ticket" in empty.stderr
    given = ann("approve", yes, "--field", "ticket=OPS-1", "-f", "sure=true", "--json")
    answer = json.loads(given.stdout)
    assert answer["answers"] == [{"by": "admin", "comment": "", "fields": {"ticket": "OPS-1", "sure": "true"}}]
    assert ann("approve", no, "--reject", "-m", "Not on a Friday").stdout == "ship is rejected.\n"
    assert [ann("executions", "watch", one).returncode for one in executions] == [0, 1]
    assert "Rejected by admin: Not on a Friday" in ann("executions", "view", executions[1]).stdout
    nobody = ann("approve", "--reject")
    assert nobody.returncode == 5 and nobody.stdout == ""


def test_an_execution_is_watched_to_its_green_end(ann: Client, pipeline: str) -> None:
    done = ann("pipelines", "run", pipeline, "--watch")
    assert done.returncode == 0, done.stderr
    assert "[look] the weather is fine" in done.stdout
    assert "✓ shop: success in " in done.stdout and "(2 success, 1 skipped)" in done.stdout


def test_a_red_end_is_an_exit_code_and_leads_on(ann: Client, pipeline: str) -> None:
    red = started(ann("pipelines", "run", pipeline, "--input", "weather=bad", "--message", "Asks\x1b[2J the\nweather"))
    watched = ann("executions", "watch", red)
    assert watched.returncode == 1 and f"Run it again: ansflow executions retry {red}" in watched.stdout
    assert "✗ failed" in ann("executions", "list", "--status", "failed").stdout
    assert "ago  Asks the weather" in ann("executions", "list").stdout
    shown = ann("executions", "view", red).stdout
    assert "\n  Asks the weather\n" in shown
    assert "judge failed." in shown and all(len(line) <= 80 for line in shown.splitlines())
    assert ann("executions", "logs", red, "--step", "look", "--lines", "1-1").stdout == "the weather is bad\n"
    assert ann("executions", "logs", red, "--step", "look", "--lines", "30-").stderr == "(it printed 1 line)\n"
    at, said = ann("executions", "logs", red, "--step", "look", "--timestamps").stdout.splitlines()[0].split(" ", 1)
    (look, *_) = json.loads(ann("executions", "view", red, "--json").stdout)["step_executions"]
    moments = [datetime.fromisoformat(moment) for moment in (look["started_at"], at, look["ended_at"])]
    assert (look["key"], said) == ("look", "the weather is bad") and moments == sorted(moments)
    followed = ann("executions", "logs", red, "--step", "look", "--follow", "--timestamps").stdout
    assert followed == f"{at} the weather is bad\n"
    assert f"[look] {followed}" in ann("executions", "logs", red, "-ft").stdout
    why = ann("executions", "why", red)
    assert "was started by admin (manual)" in why.stdout and "needs judge, which failed with exit code 1." in why.stdout
    retried = ann("executions", "retry", red, "--watch", "--json")
    assert retried.returncode == 1
    ended = json.loads(retried.stdout.splitlines()[-1])
    assert (ended["status"], ended["rerun_of"]) == ("failed", int(red))
    resumed = ann("executions", "resume", red, "--from", "judge", "--watch")
    assert resumed.returncode == 1 and "[look] ●" not in resumed.stdout, "look is kept"
    again = ann("executions", "rerun", red, "--input", "weather=fine", "--watch")
    assert again.returncode == 0, again.stdout
    assert ann("executions", "cancel", red).stderr == (
        "Error: The execution has ended, or has been asked to stop before.\n"
    )


def test_a_step_that_nobody_will_run_is_told_when_its_execution_begins(
    ann: Client, home: Path, pipeline: str, tmp_path: Path
) -> None:
    file = tmp_path / "lost.yml"
    file.write_text("steps: {train: {run: x, runs_on: gpu}}")
    project = str(json.loads(ann("pipelines", "view", pipeline, "--json").stdout)["project"])
    made = json.loads(ann("pipelines", "create", str(file), "--project", project, "--name", "lost", "--json").stdout)
    begun = ann("pipelines", "run", str(made["id"]))
    assert begun.stderr == "! No worker serves the queue gpu (served: default): start one that does.\n"
    one = started(begun)
    said = "train: No worker serves the queue gpu (served: default): start one that does."
    assert ann("executions", "view", one).stdout.splitlines()[-2:] == ["  ◌ queued  train", f"◌ {said}"]
    chinese = ann("executions", "view", one, "--lang", "zh").stdout.splitlines()
    assert chinese[-1] == "◌ train：没有执行节点服务队列 gpu（已服务：default）：请启动一个。"
    words, env = [ANSFLOW, "executions", "watch", one], environment_of(home)
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline() == f"◌ {said}\n"
        assert ann("executions", "cancel", one).returncode == 0
        assert watch.wait(PATIENCE) == 2
    again = ann("executions", "rerun", one)
    words = [ANSFLOW, "executions", "logs", started(again), "--follow", "--step", "train"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as logs:
        assert logs.stdout is not None and logs.stderr is not None
        assert logs.stderr.readline() == f"◌ {said}\n"
        logs.send_signal(signal.SIGINT)
        assert (logs.wait(PATIENCE), logs.stdout.read()) == (130, "")
    assert again.stderr == begun.stderr and ann("executions", "cancel", started(again)).returncode == 0


def test_the_log_of_a_step_is_followed_to_the_end_of_that_step(
    ann: Client, home: Path, pipeline: str, tmp_path: Path
) -> None:
    file = tmp_path / "shipped.yml"
    file.write_text(
        "steps: {build: echo one; exit 1, ship: {needs: build, run: echo two, approval: Now?, if: always()}}"
    )
    project = str(json.loads(ann("pipelines", "view", pipeline, "--json").stdout)["project"])
    made = json.loads(ann("pipelines", "create", str(file), "--project", project, "--name", "shipped", "--json").stdout)
    one = started(ann("pipelines", "run", str(made["id"])))
    build = ann("executions", "logs", one, "--follow", "--step", "build")
    assert (build.returncode, build.stdout) == (0, "one\n"), "ship has not ended"
    words, env = [ANSFLOW, "executions", "logs", one, "--follow", "--step", "ship"], environment_of(home)
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as logs:
        assert logs.stdout is not None and logs.stderr is not None
        assert logs.stderr.readline() == "‖ ship: waiting: Now?\n"
        (gate,) = [it["id"] for it in json.loads(ann("approve", "--json").stdout) if it["execution"] == int(one)]
        assert ann("approve", str(gate)).returncode == 0
        assert (logs.stdout.read(), logs.stderr.read(), logs.wait(PATIENCE)) == ("two\n", "", 0)


def test_the_files_that_were_kept_are_listed_and_fetched(
    server: ServerProcess, ann: Client, pipeline: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.yml"
    file.write_text(KEEPS)
    project = str(json.loads(ann("pipelines", "view", pipeline, "--json").stdout)["project"])
    done = ann("pipelines", "create", str(file), "--project", project, "--name", "kept", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    one = started(ann("pipelines", "run", str(made["id"])))
    assert ann("executions", "watch", one).returncode == 0
    listed = json.loads(ann("executions", "artifacts", one, "--json").stdout)
    assert [(each["step"], each["path"]) for each in listed] == [
        ("build", "dist/big"), ("build", "dist/sub #1/app?.whl"), ("build", "empty.txt"),
        ("test (n=1)", "report.txt"), ("test (n=2)", "report.txt"),
    ]  # fmt: skip
    assert "build       dist/big              2.9 MiB" in ann("executions", "artifacts", one).stdout
    whole = tmp_path / "whole"
    done = ann("executions", "download", one, "--dir", str(whole))
    assert done.returncode == 0 and done.stdout.endswith("5 files were fetched (2.9 MiB).\n"), done.stderr
    found = {str(each.relative_to(whole)) for each in whole.rglob("*") if each.is_file()}
    assert found == {f"{each['step']}/{each['path']}" for each in listed}
    assert (whole / "test (n=2)" / "report.txt").read_text() == "2\n"
    for each in listed:
        assert hashlib.sha256((whole / each["step"] / each["path"]).read_bytes()).hexdigest() == each["sha256"]
    (whole / "build" / "empty.txt").unlink()
    assert ann("executions", "download", one, "-d", str(whole)).stdout.endswith("1 file was fetched (0 B).\n")
    (whole / "build" / "empty.txt").write_text("mine")
    refused = ann("executions", "download", one, "-d", str(whole))
    assert refused.returncode == 1 and "is there with other bytes" in refused.stderr
    assert (whole / "build" / "empty.txt").read_text() == "mine"
    flat = tmp_path / "flat"
    done = ann("executions", "download", one, "--step", "build", "--path", "*.whl", "-d", str(flat))
    assert [each.name for each in flat.rglob("*") if each.is_file()] == ["app?.whl"]
    assert (flat / "dist" / "sub #1" / "app?.whl").read_text() == "wheel\n"
    for verb in ("artifacts", "download", "logs"):
        nowhere = ann("executions", verb, one, "--step", "biuld")
        assert nowhere.returncode == 1 and "has no step biuld" in nowhere.stderr, nowhere.stderr
    none = ann("executions", "download", one, "--path", "*.zip")
    assert (none.returncode, none.stdout, none.stderr) == (1, "", "Error: No such file was kept.\n")


def test_an_execution_is_cancelled(ann: Client, pipeline: str) -> None:
    endless = started(ann("pipelines", "run", pipeline, "--input", "weather=endless"))
    assert ann("executions", "cancel", endless, "--message", "It rains").returncode == 0
    assert ann("executions", "watch", endless).returncode == 2
    assert "cancelled" in ann("executions", "view", endless).stdout


def test_a_token_is_shown_once_and_taken_back(server: ServerProcess, ann: Client, tmp_path: Path) -> None:
    late = ann("token", "create", "nightly", "--scope", "read", "--days", "9999", "--lang", "zh")
    assert (late.returncode, late.stderr) == (5, "错误：expires_in_days: 此值不得大于 3650。\n")
    made = ann("token", "create", "nightly", "--scope", "read", "--days", "30")
    token = made.stdout.strip()
    assert re.fullmatch(r"ansf_\w{40}", token) and "never shown again" in made.stderr
    program = client_of(tmp_path, ANSFLOW_SERVER=server.url, ANSFLOW_TOKEN=token)
    assert program("projects", "list").returncode == 0
    refused = program("projects", "create", "mine")
    assert (refused.returncode, refused.stderr) == (1, "Error: This wants a token with the scope write.\n")
    chinese = program("projects", "create", "mine", LC_ALL="zh_CN.UTF-8")
    assert chinese.stderr == "错误：这需要具有权限范围 write 的令牌。\n"
    nameless = ann("projects", "create", "", LC_ALL="zh_CN.UTF-8")
    assert (nameless.returncode, nameless.stderr.strip().removeprefix("错误：").strip()) == (5, "name: 此字段必填。")
    listed = ann("token", "list").stdout
    assert token not in listed
    number = next(line.split()[0] for line in listed.splitlines() if " nightly " in line)
    assert ann("token", "revoke", number).returncode == 0
    assert program("projects", "list").returncode == 4


def test_a_token_signs_in_and_is_kept_for_the_next_command(server: ServerProcess, ann: Client, tmp_path: Path) -> None:
    token = ann("token", "create", "laptop", "--scope", "read").stdout
    program = client_of(tmp_path)
    refused = program("login", "--server", server.url, "--with-token", stdin=f"ansf_{'x' * 40}\n")
    assert refused.returncode == 4 and not (tmp_path / ".config").exists()
    done = program("login", "--server", server.url, "--with-token", stdin=token)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Signed in to {server.url} as admin.\n", "")
    kept = tmp_path / ".config" / "ansflow" / "hosts.json"
    assert kept.stat().st_mode & 0o777 == 0o600 and token.strip() in kept.read_text()
    assert program("projects", "list").returncode == 0


def test_the_demo_shows_a_green_a_red_and_a_waiting_execution(ann: Client, server: ServerProcess) -> None:
    server.api("POST", "auth/users/", {"username": "ann", "email": "ann@example.com"})
    demo = ann("demo")
    assert demo.returncode == 0, demo.stderr
    for line in ("✓ success  demo/library #1", "✗ failed   demo/prices #1", "‖ waiting  demo/website #1"):
        assert line in demo.stdout
    passwords = dict(re.findall(r"^(\w+) \(\w+\): password (\S+)$", demo.stdout, re.MULTILINE))
    assert set(passwords) == {"bo", "chen", "dana"}, "ann was there, and keeps her password"
    assert server.sign_in("chen", passwords["chen"])
    project = next(one for one in server.api("GET", "projects/")["results"] if one["name"] == "demo")
    (library,) = server.api("GET", "cicd/executions/", project=project["id"], status="success")["results"]
    library = server.api("GET", f"cicd/executions/{library['id']}/")
    tests = [step["tests"] for step in library["step_executions"] if step["step_type"] == "test"]
    assert [one["total"] for one in tests] == [1, 1, 1]
    again = ann("demo")
    assert (again.returncode, again.stdout) == (1, "") and "the demo has been made" in again.stderr

    gates = ann("approve").stdout.splitlines()
    number = next(line.split()[0] for line in gates if "demo/website #1" in line)
    assert ann("approve", number, "--comment", "Seen.").stdout == "publish is approved and goes on.\n"
    until(
        lambda: server.api("GET", "cicd/executions/", project=project["id"], status="success")["count"] == 2, "it ends"
    )

    # One that was cut off goes on with what is missing.
    members = server.api("GET", f"projects/{project['id']}/members/")["results"]
    dana = next(one for one in members if one["username"] == "dana")
    server.api("DELETE", f"projects/{project['id']}/members/{dana['id']}/")
    done = ann("demo", "--json")
    made = json.loads(done.stdout)
    assert [one["username"] for one in made["people"]] == ["dana"] and not made["executions"]


def test_signing_out_takes_the_token_back(server: ServerProcess, tmp_path: Path) -> None:
    run = client_of(tmp_path)
    file = str(server.folder / "password")
    assert run("login", "--server", server.url, "-u", "admin", "--password-file", file).returncode == 0
    token = json.loads((tmp_path / ".config" / "ansflow" / "hosts.json").read_text())[server.url]["token"]
    assert server.get("/api/v1/projects/", authorization=f"Bearer {token}").status_code == 200
    assert run("logout").returncode == 0
    assert server.get("/api/v1/projects/", authorization=f"Bearer {token}").status_code == 401
    assert run("projects", "list").returncode == 4
