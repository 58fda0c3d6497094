"""Every operation is asked what it does not expect, by schemathesis: values at and beyond every limit of the schema,
other types, unknown fields, methods and content types that it does not know, sign-ins that are missing or wrong.

The suite asks a few thousand times, always the same. `make hostile` asks several hundred times an operation, and each
time others.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import PATIENCE, ServerProcess, until

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "contract" / "openapi.json"
EXAMPLES = os.environ.get("HOSTILE_EXAMPLES", "")
SOURCE = """\
version: 1
name: NAME
steps:
  unit: {run: "echo kept > kept.txt", artifacts: [kept.txt]}
  gate: {run: echo open, needs: [unit], approval: {required: 1}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path_factory.mktemp("hostile"))
    made.start_with_administrator()
    for number in (1, 2, 3):
        fill(made, number)
    yield made
    assert made.stop() == 0, "it ends as it should, after all that"


def fill(server: ServerProcess, number: int) -> None:
    """One of everything, so that the numbers 1 to 3 name something."""
    project = server.api("POST", "projects/", {"name": f"shop-{number}"})["id"]
    below = f"projects/{project}/"
    server.api("POST", "auth/users/", {"username": f"person-{number}", "email": f"person-{number}@example.com"})
    server.api("POST", f"{below}members/", {"user": f"person-{number}", "role": "developer"})
    server.api("POST", f"{below}environments/", {"name": "live"})
    server.api("POST", f"{below}variables/", {"name": "COLOUR", "value": "blue"})
    server.api("POST", f"{below}secrets/", {"name": "TOKEN", "value": "not-told-to-anyone"})
    login = {"project": project, "name": "shop", "host": "git.example", "password": "not-told-to-anyone"}
    server.api("POST", "cicd/git-credentials/", login)
    server.api("POST", "cicd/atomic-steps/", {"project": project, "name": "say", "definition": "run: echo one\n"})
    server.api("POST", "auth/groups/", {"name": f"group-{number}"})
    server.api("POST", "auth/tokens/", {"name": f"token-{number}", "scopes": ["read"]})
    source = SOURCE.replace("NAME", f"pipeline-{number}")
    pipeline = server.api("POST", "pipelines/", {"project": project, "source": source})["id"]
    changed = {"source": f"{source}  last: {{run: echo last}}\n", "base_version": 1}
    server.api("PATCH", f"pipelines/{pipeline}/", changed)
    one = server.api("POST", "cicd/executions/", {"pipeline_id": pipeline})["id"]
    path = f"cicd/executions/{one}/"
    until(lambda: server.api("GET", path)["counts"].get("waiting"), "the execution waits at its gate")


def exact(schema: dict[str, Any]) -> dict[str, Any]:
    """The contract, where answers hold nothing either that it does not name."""
    for known in schema["components"]["schemas"].values():
        if "properties" in known:
            known.setdefault("additionalProperties", False)
    return schema


def ask(server: ServerProcess, folder: Path, *flags: str) -> tuple[int, str, str]:
    """The exit code of schemathesis, and what it has said."""
    scopes = ["read", "run", "write", "approve", "admin"]
    token = server.api("POST", "auth/tokens/", {"name": "schemathesis", "scopes": scopes})
    schema, settings = folder / "openapi.json", folder / "schemathesis.toml"
    schema.write_text(json.dumps(exact(json.loads(CONTRACT.read_text()))))
    known = (HERE / "hostile_requests.toml").read_text().replace("HOOKS", str(HERE / "hostile_hooks.py"))
    settings.write_text(f'{known}\n[headers]\nAuthorization = "Bearer {token["token"]}"\n')
    own = {"HOSTILE_USER": str(token["user"]), "HOSTILE_TOKEN": str(token["id"])}
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "run"]
    done = subprocess.run(
        [*command, str(schema), "--url", server.url, *flags],
        cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, timeout=PATIENCE * 60, check=False,
    )  # fmt: skip
    assert server.api("GET", "auth/users/me/", token=token["token"])["id"] == token["user"], "it was let in to the end"
    return done.returncode, done.stdout, done.stderr


def test_whatever_an_operation_is_asked_it_answers_as_the_contract_says(
    server: ServerProcess, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    many = ("-n", EXAMPLES) if EXAMPLES else ("-n", "5", "--generation-deterministic", "--no-shrink")
    code, said, errors = ask(server, tmp_path, "--phases", "coverage,fuzzing", *many)
    print(said, errors)
    assert code == 0, said[-20_000:] + errors
    assert re.search(r"Selected: (\d+)/\1\n +Tested: \1\n", said), said
    found = re.search(r"(\d+) generated", said)
    assert found is not None
    count("hostile requests, each answered as the contract says", int(found[1]))
    log = server.errors.read_text()
    assert re.findall(r"requests (\S+ \S+ 5(?!02)\d\d) ", log) == []
    assert "Traceback" not in log
