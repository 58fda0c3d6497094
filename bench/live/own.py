"""`ansflow serve` in this process, driven from its input as the others' servers are: `python -m bench.live.own`.

Everything is real, up to the step: each message is a change of a step's status, decided, committed to SQLite, read back
by the room and sent. What no process does is run the steps; they begin and end when the input says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import httpx2

from ansflow.apps.executions import running
from ansflow.config import server
from ansflow.config.settings import read_settings
from ansflow.core.commands import Claim, Command, Finish
from ansflow.core.outcome import Outcome
from ansflow.core.status import StepStatus
from ansflow.infra.dispatch.threads import Threads
from bench.live.driving import drive, say

STEPS = 250
PASSWORD = "correct-horse-battery"
PATIENCE = 60.0
GOOD = Outcome(status=StepStatus.SUCCESS, exit_code=0)


def main() -> None:
    Threads.run_step = lambda self, execution, step: None  # type: ignore[method-assign]
    with TemporaryDirectory(prefix="ansflow-bench-live-") as folder:
        password = Path(folder, "password")
        password.touch(mode=0o600)
        password.write_text(PASSWORD)
        os.environ["ANSFLOW_DATA_DIR"] = str(Path(folder, "data"))
        settings = read_settings(
            {
                "ANSFLOW_PORT": "0",
                "ANSFLOW_ADMIN_EMAIL": "admin@example.com",
                "ANSFLOW_ADMIN_PASSWORD_FILE": str(password),
                "ANSFLOW_ALLOW_HOST_EXECUTOR": "true",
            }
        )
        server.serve(settings, told)


def told(what: str, **values: str) -> None:
    if what == "ready":
        Thread(target=work, args=(values["address"],), daemon=True).start()


def work(address: str) -> None:
    with httpx2.Client(base_url=f"{address}/api/v1/", timeout=PATIENCE) as client:
        token = _made(client, "auth/token/", username="admin", password=PASSWORD)["access"]
        client.headers["Authorization"] = f"Bearer {token}"
        project = _made(client, "projects/", name="bench")["id"]
        steps = "".join(f"  s{number}: {{run: 'true', executor: host}}\n" for number in range(STEPS))
        source = f"version: 1\nname: bench\nsteps:\n{steps}"
        pipeline = _made(client, "pipelines/", project=project, source=source)["id"]
        execution = _made(client, "cicd/executions/", pipeline_id=pipeline, trigger_type="manual")["id"]
    say(
        {
            "port": int(address.rpartition(":")[2]),
            "path": f"/ws/executions/{execution}/",
            "headers": {"Authorization": f"Bearer {token}"},
        }
    )
    changes = _changes(execution)
    drive(lambda: next(changes))
    os._exit(0)


def _made(client: httpx2.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


def _changes(execution: int) -> Iterator[int]:
    """Begins and ends one step after the other; the number of the event of each."""
    engine = running.engine()

    def say_so(command: Command) -> int:
        decided = engine.scheduler.tell(execution, command)
        assert not decided.refused, decided.refused
        assert decided.decision.execution is not None
        return decided.decision.execution.seq

    for number in range(STEPS):
        step = f"s{number}"
        yield say_so(Claim(step=step, worker="bench"))
        fence = engine.store.load(execution).step(step).fence
        yield say_so(Finish(step=step, fence=fence, outcome=GOOD, jitter=0.0))


if __name__ == "__main__":
    main()
