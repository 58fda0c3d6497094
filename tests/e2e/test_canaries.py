"""Fifty things that nobody may read again, put in over the API of a real server and used as they are used: then
everything that the installation has said, stored and shown is searched for each of them.

What a step writes into its workspace and its artifacts stays as it wrote it (SECURITY.md), and is not searched.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.server_process import PASSWORD, PATIENCE, ServerProcess, run, until

SECRETS = 30
AWKWARD = {"SPACED": "canary with space%02d", "QUOTED": "canary'\"$`\\%02d", "FOREIGN": "канарейка/&+?%02d"}

LEAKY = """\
version: 1
name: leaky
on: {manual: {}}
steps:
  print:
    secrets: [NAMES]
    outputs: [value, wrapped]
    artifacts: ["kept-*"]
    reports: {junit: report.xml}
    run: |
      for name in NAMES_APART; do
        eval "value=\\$$name"
        printf '%s\\n' "$value"
        printf '%s' "$value" | base64
        printf 'x%s' "$value" | base64 -w0; echo
        printf '%s' "$value" | od -An -v -tx1 | tr -d ' \\n'; echo
        printf '%s' "$value" | sed -e 's/%/%25/g' -e 's/ /%20/g' -e 's/+/%2B/g'; echo
        printf '%s' "$value" | sed 's/./&\\x1b[0m/g'; echo
        printf 'error: %s\\n' "$value" >&2
        echo "## $value" >> "$ANSFLOW_SUMMARY"
      done
      echo "value=$S0" >> "$ANSFLOW_OUTPUT"
      echo "wrapped=$(printf '%s' "$S1" | base64 -w0)" >> "$ANSFLOW_OUTPUT"
      echo kept > "kept-$S2.txt"; echo kept > kept-well.txt
      cat > report.xml <<END
      <testsuite name="$S3"><testcase classname="$S4" name="$S5"><failure message="$S6">$S7</failure></testcase>
      </testsuite>
      END
      touch "$WITNESS"; until [ -e "$GO" ]; do sleep 0.05; done
    env: {WITNESS: printed, GO: go}
  beside:
    run: |
      until [ -e printed ]; do sleep 0.05; done
      cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' || true
      touch go
  after:
    needs: print
    if: ${{ steps.print.outputs.value != 'nothing' }}
    name: After
    env: {SEEN: "${{ steps.print.outputs.value }}"}
    run: echo "seen $SEEN"
  names:
    needs: print
    secrets: [S8]
    run: exec "./no-such-program-$S8"
    allow_failure: true
  multi:
    secrets: [LINES]
    run: printf '%s' "$LINES" | while read -r line; do echo "line $line"; done; exit 3
    allow_failure: true
  live:
    environment: live
    secrets: [E0, E1, E2]
    run: echo "$E0 $E1 $E2" | tee /dev/stderr
  fetch:
    type: fetch_code
    with: {repository: "https://127.0.0.1:1/shop.git", credential: shop}
    allow_failure: true
"""


@dataclass
class Canaries:
    """Each value by what it is. `granted` are answers that give out what they have made, once."""

    values: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: str = "") -> str:
        self.values[name] = value or f"canary-{name.lower().replace('_', '-')}-{len(self.values):02}-c0ffee"
        return self.values[name]

    def found_in(self, data: bytes) -> list[str]:
        return [name for name, value in self.values.items() if any(form in data for form in forms(value))]


def forms(value: str) -> set[bytes]:
    """How it may stand somewhere: as it is, each of its lines, and in the encodings that lie near."""
    found: set[bytes] = set()
    for text in {value, *(line for line in value.splitlines() if len(line) >= 6)}:
        data = text.encode()
        found |= {data, data.hex().encode(), quote(text).encode(), quote(text, safe="").encode()}
        found |= {json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
        for shift in (0, 1, 2):  # without the characters that depend on what stands beside it
            found.add(base64.b64encode(bytes(shift) + data)[4 if shift else 0 : (shift + len(data)) // 3 * 4])
    return found


@dataclass
class Recorded:
    """Every answer of the server, with its head; what an answer gives out for the first time is taken out of it."""

    server: ServerProcess
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    granted: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, body: Any = None, **known: Any) -> httpx2.Response:
        known.setdefault("headers", {"Authorization": f"Bearer {known.pop('token', self.server.token)}"})
        answer = httpx2.request(method, f"{self.server.url}{path}", json=body, timeout=PATIENCE, **known)
        self.keep(f"{method} {path}", answer)
        return answer

    def api(self, method: str, path: str, body: Any = None, **known: Any) -> Any:
        answer = self.send(method, f"/api/v1/{path}", body, **known)
        assert answer.status_code < 500, answer.text
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def keep(self, name: str, answer: httpx2.Response) -> None:
        head = "".join(f"{key}: {value}\n" for key, value in answer.headers.items() if key != "set-cookie")
        self.answers.append((name, head.encode() + answer.content))

    def grant(self, canaries: Canaries, name: str, value: str) -> str:
        """The newest answer gives this out; from now on nothing may."""
        label, data = self.answers.pop()
        self.answers.append((label, data.replace(value.encode(), b"<granted>")))
        return canaries.put(name, value)


@dataclass
class Processes:
    """Looks at the command line and the environment of every process of this machine, over and over."""

    cmdlines: set[bytes] = field(default_factory=set)
    environs: set[bytes] = field(default_factory=set)
    _ended: Event = field(default_factory=Event)

    def __enter__(self) -> Processes:
        self._thread = Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.01):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    self.cmdlines.add((folder / "cmdline").read_bytes())
                    self.environs.add((folder / "environ").read_bytes())
                except OSError:  # it has gone, or is not ours
                    continue


@dataclass
class Lived:
    """An installation that has been used."""

    server: ServerProcess
    canaries: Canaries
    recorded: Recorded
    processes: Processes
    executions: list[int]
    backup: Path


def ssh_key() -> str:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def fill(recorded: Recorded, canaries: Canaries) -> int:
    """Puts the canaries in; the id of the project."""
    project = int(recorded.api("POST", "projects/", {"name": "shop"})["id"])
    below = f"projects/{project}/"
    recorded.api("POST", f"{below}environments/", {"name": "live"})
    values = {f"S{number}": "" for number in range(SECRETS)} | {"LINES": "first canary line\nsecond canary line\n"}
    values |= {name: pattern % len(canaries.values) for name, pattern in AWKWARD.items()}
    for name, value in values.items():
        secret = {"name": name, "value": canaries.put(name, value)}
        made = recorded.api("POST", f"{below}secrets/", secret)
        recorded.api("PUT", f"{below}secrets/{made['id']}/", {"value": secret["value"]})
        recorded.api("POST", f"{below}secrets/", {**secret, "unknown": secret["value"]})  # refused, and repeats nothing
    for number in range(3):
        secret = {"name": f"E{number}", "value": canaries.put(f"E{number}"), "environment": "live"}
        recorded.api("POST", f"{below}secrets/", secret)
    login = {"project": project, "name": "shop", "host": "127.0.0.1:1", "username": "robot"}
    recorded.api("POST", "cicd/git-credentials/", {**login, "password": canaries.put("GIT_PASSWORD")})
    private = ssh_key()
    canaries.put(
        "SSH_KEY", "\n".join(private.splitlines()[2:-2])
    )  # what every such key begins and ends with is no secret
    known = "git.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    recorded.api(
        "POST",
        "cicd/git-credentials/",
        {"project": project, "name": "key", "host": "git.example", "ssh_key": private, "known_hosts": known},
    )
    assert len(recorded.api("GET", "cicd/git-credentials/")["results"]) == 2
    assert recorded.api("GET", f"{below}secrets/")["count"] == len(values) + 3
    return project


def people(recorded: Recorded, canaries: Canaries) -> None:
    """Passwords, codes, tokens and what is typed at the wrong place."""
    new = {"username": "ann", "email": "ann@example.com", "password": canaries.put("PASSWORD")}
    ann = recorded.api("POST", "auth/users/", new)["id"]
    pair = recorded.api("POST", "auth/token/", {"username": "ann", "password": new["password"]}, headers={})
    for name in ("access", "refresh"):
        recorded.grant(canaries, f"FIRST_{name}", pair[name])
    pair = recorded.api("POST", "auth/token/refresh/", {"refresh": pair["refresh"]}, headers={})
    for name in ("access", "refresh"):
        recorded.grant(canaries, f"SECOND_{name}", pair[name])
    recorded.api("POST", "auth/token/verify/", {"token": pair["refresh"]}, headers={})
    change = {"old_password": new["password"], "password": canaries.put("NEW_PASSWORD")}
    recorded.api("PATCH", "auth/users/me/", change, token=pair["access"])
    code = recorded.grant(canaries, "CODE", recorded.api("POST", f"auth/users/{ann}/password_reset/", {})["code"])
    reset = {"code": code, "password": canaries.put("RESET_PASSWORD")}
    assert recorded.send("POST", "/api/v1/auth/password/", reset, headers={}).status_code == 204
    token = recorded.grant(
        canaries, "API_TOKEN", recorded.api("POST", "auth/tokens/", {"name": "ci", "scopes": ["read"]})["token"]
    )
    assert recorded.send("GET", "/api/v1/projects/", token=token).status_code == 200
    wrong = {"username": canaries.put("TYPED_AS_NAME"), "password": canaries.put("WRONG_PASSWORD")}
    assert recorded.send("POST", "/api/v1/auth/token/", wrong, headers={}).status_code == 401
    for path in ("projects/", "nothing/", "auth/session/"):
        recorded.send("GET", f"/api/v1/{path}?token={canaries.put(f'IN_QUERY_{path[:3]}')}")
    recorded.send("GET", "/api/v1/projects/", token=canaries.put("BAD_TOKEN"))
    recorded.send("POST", "/api/v1/projects/", headers={"Content-Type": f"a/{canaries.put('CONTENT_TYPE')}"})
    recorded.send("GET", "/", headers={"Host": canaries.put("HOST"), "Cookie": f"sessionid={canaries.put('COOKIE')}"})


def execute(recorded: Recorded, project: int) -> int:
    """Runs the pipeline that says everything that it knows, in every way; the id of the execution."""
    names = [f"S{number}" for number in range(SECRETS)] + list(AWKWARD)
    source = LEAKY.replace("NAMES_APART", " ".join(names)).replace("NAMES", ", ".join(names))
    pipeline = recorded.api("POST", "pipelines/", {"project": project, "source": source})
    assert "id" in pipeline, pipeline
    one = int(recorded.api("POST", "cicd/executions/", {"pipeline_id": pipeline["id"]})["id"])
    until(lambda: recorded.server.api("GET", f"cicd/executions/{one}/")["ended_at"], "the execution ends")
    return one


def read_everything(recorded: Recorded) -> None:
    """Every operation that reads, of everything there is; the operators' pages; probes; and pages of errors."""
    schema = recorded.send("GET", "/api/schema/").json()
    for path, methods in schema["paths"].items():
        if "get" in methods and path.count("{") <= 1:
            for number in range(1, 8) if "{" in path else (0,):
                recorded.send(
                    "GET", re.sub(r"\{\w+\}", str(number), path) + ("?page_size=200" if paged(methods) else "")
                )
    for execution in recorded.api("GET", "cicd/executions/?steps=true")["results"]:
        path = f"cicd/executions/{execution['id']}/"
        for step in execution["step_executions"]:
            recorded.api("GET", f"{path}steps/{step['key']}/")
            recorded.api("GET", f"{path}why/?step={step['key']}")
            for attempt in range(1, step["attempt"] + 1):
                recorded.api("GET", f"{path}logs/?step={step['key']}&attempt={attempt}&start=0")
    for path in ("/healthz", "/readyz", "/metrics", "/api/docs/", "/nothing", "/api/v1/projects/x/"):
        recorded.send("GET", path)
    recorded.send("DELETE", "/api/v1/projects/")


def paged(methods: dict[str, Any]) -> bool:
    return any(one["name"] == "page_size" for one in methods["get"].get("parameters", ()))


def operators_pages(recorded: Recorded, canaries: Canaries) -> int:
    """Every page of `/admin/` that another one links to; how many."""
    with httpx2.Client(base_url=recorded.server.url, timeout=PATIENCE, follow_redirects=True) as client:
        form = client.get("/admin/login/").text
        csrf = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert csrf is not None
        known = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": csrf[1], "next": "/admin/"}
        client.post("/admin/login/", data=known, headers={"Referer": f"{recorded.server.url}/admin/login/"})
        canaries.put("SESSION", client.cookies["sessionid"])
        seen: set[str] = set()
        left = ["/admin/"]
        while left:
            path = left.pop()
            seen.add(path)
            answer = client.get(path)
            recorded.keep(f"GET {path}", answer)
            links = re.findall(r'href="(/admin/[^"?#]*)', answer.text)
            left += [link for link in dict.fromkeys(links) if link not in seen and link not in left]
        return len(seen)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("canaries")
    canaries = Canaries()
    metrics = folder / "metrics-token"
    metrics.touch(mode=0o600)
    metrics.write_text(canaries.put("METRICS_TOKEN"))
    platform = {"ANSFLOW_METRICS_TOKEN_FILE": str(metrics), "PLATFORM_TOKEN": canaries.put("PLATFORM_TOKEN")}
    server = ServerProcess(folder, ANSFLOW_SLOTS="6", **platform)
    server.start_with_administrator()
    recorded = Recorded(server)
    with Processes() as processes:
        project = fill(recorded, canaries)
        people(recorded, canaries)
        executions = [execute(recorded, project)]
        again = recorded.api("POST", f"cicd/executions/{executions[0]}/rerun/", {})
        until(lambda: server.api("GET", f"cicd/executions/{again['id']}/")["ended_at"], "the second one ends")
        executions.append(int(again["id"]))
        read_everything(recorded)
        assert operators_pages(recorded, canaries) > 20
    backup = folder / "backup.tar.gz"
    assert run(server.data, "backup", str(backup)).returncode == 0
    yield Lived(server, canaries, recorded, processes, executions, backup)
    if server.is_running:
        server.stop()


def test_the_steps_did_what_they_were_to_do(lived: Lived) -> None:
    """Else nothing below would prove anything."""
    for execution in lived.executions:
        found = lived.server.api("GET", f"cicd/executions/{execution}/")
        ends = {step["key"]: (step["status"], step["message"]) for step in found["step_executions"]}
        statuses = {key: status for key, (status, _) in ends.items()}
        assert statuses == {
            "print": "success", "beside": "success", "after": "success", "live": "success",
            "names": "failed", "multi": "failed", "fetch": "failed",
        }, ends  # fmt: skip
        log = lived.server.api("GET", f"cicd/executions/{execution}/logs/", step="print", attempt=1, start=0)
        assert log.count("***") > SECRETS * 5
    artifacts = lived.server.api("GET", f"cicd/executions/{lived.executions[0]}/artifacts/")["results"]
    assert [one["path"] for one in artifacts] == ["kept-well.txt"]
    step = lived.server.api("GET", f"cicd/executions/{lived.executions[0]}/steps/print/")
    assert step["report"]["warnings"] == ["Not kept as artifacts: kept-***.txt (its name holds a secret)."]


def test_no_answer_gives_a_canary_away(lived: Lived, count: Callable[[str, int], None]) -> None:
    wrong = [(name, found) for name, data in lived.recorded.answers if (found := lived.canaries.found_in(data))]
    assert wrong == []
    count("canaries sought in the answers, logs and files of a server in use", len(lived.canaries.values))
    count("answers of a server searched for canaries", len(lived.recorded.answers))
    assert len(lived.canaries.values) >= 50


def test_no_process_but_the_step_itself_holds_a_canary(lived: Lived) -> None:
    assert len(lived.processes.cmdlines) > 10
    assert [(one, found) for one in lived.processes.cmdlines if (found := lived.canaries.found_in(one))] == []
    holders = {(step_of(one), name) for one in lived.processes.environs for name in lived.canaries.found_in(one)}
    wanted = {"print": {f"S{n}" for n in range(SECRETS)} | set(AWKWARD), "names": {"S8"}, "multi": {"LINES"}}
    wanted |= {"live": {"E0", "E1", "E2"}, "fetch": {"GIT_PASSWORD"}, "": {"PLATFORM_TOKEN"}}
    assert [(step, name) for step, name in holders if name not in wanted.get(step, set())] == []
    assert {("print", "S0"), ("", "PLATFORM_TOKEN")} <= holders, "those who may see it were looked at"


def step_of(environ: bytes) -> str:
    if b"ANSFLOW_GIT_PASSWORD=" in environ:  # a git of fetch_code, which sees nothing but its own login
        return "fetch"
    found = re.search(rb"(?:^|\0)ANSFLOW_STEP=([^\0]*)", environ)
    return found[1].decode() if found else ""


def test_the_server_has_said_no_canary(lived: Lived) -> None:
    said = "\n".join(lived.server.said).encode() + lived.server.errors.read_bytes()
    assert len(said) > 10_000
    assert lived.canaries.found_in(said) == []


def test_no_file_of_the_installation_holds_a_canary(lived: Lived, count: Callable[[str, int], None]) -> None:
    """As it lies there; with what a database holds packed, unpacked."""
    wrong = []
    files = [path for path in lived.server.data.rglob("*") if path.is_file()]
    searched = [path for path in files if not written_by_a_step(path.relative_to(lived.server.data))]
    for path in searched:
        if found := lived.canaries.found_in(path.read_bytes()):
            wrong.append((str(path), found))
        if found := lived.canaries.found_in(str(path).encode()):
            wrong.append((f"the name {path}", found))
    assert wrong == []
    assert {"ansflow.sqlite3", "ring"} <= {path.name for path in searched}
    count("files of a data folder searched for canaries", len(searched))
    for cell in cells(lived.server.data / "ansflow.sqlite3"):
        assert lived.canaries.found_in(cell) == []


def written_by_a_step(path: Path) -> bool:
    return "workspaces" in path.parts or "workspace" in path.parts or "blobs" in path.parts


def cells(file: Path) -> Iterator[bytes]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        database.text_factory = bytes
        tables = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for cell in row:
                    if isinstance(cell, bytes):
                        yield cell
                        yield unpacked(cell)
    database.close()


def unpacked(cell: bytes) -> bytes:
    try:
        return zlib.decompress(cell)
    except zlib.error:
        return b""


def test_a_backup_holds_no_canary_in_clear(lived: Lived) -> None:
    with tarfile.open(lived.backup, "r:gz") as archive:
        names = []
        for member in archive:
            names.append(member.name)
            assert lived.canaries.found_in(member.name.encode()) == []
            file = archive.extractfile(member)
            if file is not None and not written_by_a_step(Path(member.name)):
                assert lived.canaries.found_in(file.read()) == [], member.name
    assert "tables/projects.Secret" in names and "keys/ring" in names


def test_the_record_holds_no_canary(lived: Lived) -> None:
    done = run(lived.server.data, "audit", "export")
    assert done.returncode == 0 and "secret.create" in done.stdout, done.stderr
    assert lived.canaries.found_in(done.stdout.encode()) == []
