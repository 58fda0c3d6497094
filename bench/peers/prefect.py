"""Prefect 3 as its quickstart has it: its server, and a process that serves a flow, whose tasks run in four threads."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bench.peers.peer import PARALLEL, Peer, identifier
from bench.serving import moment
from bench.shapes import Shape

FLOW = """\
import json
from subprocess import run

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

SHAPES = json.loads('''{shapes}''')


@task
def step():
    run(["true"], check=True)


@flow(task_runner=ThreadPoolTaskRunner(max_workers={parallel}))
def bench(shape: str):
    begun = {{}}
    for key, needs in SHAPES[shape].items():
        begun[key] = step.with_options(name=key).submit(wait_for=[begun[need] for need in needs])
    for future in begun.values():
        future.result()


if __name__ == "__main__":
    bench.serve(name="bench")
"""


class Prefect(Peer):
    name = "Prefect 3"

    def files(self) -> Mapping[str, str]:
        shapes = json.dumps({identifier(shape): shape.needs for shape in self.shapes})
        return {"flow.py": FLOW.format(shapes=shapes, parallel=PARALLEL)}

    def launch(self) -> None:
        self.env |= {
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",  # it is 10 s otherwise, and how long a run waits for it is luck
        }
        self.start(str(self.programs / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(self.port))
        self.wait_until(lambda: self.call("/api/health"))
        self.start(str(self.programs / "python"), "flow.py")

    def ready(self) -> bool:
        found = self.call("/api/deployments/name/bench/bench")
        self.place = f"/api/deployments/{found['id']}/create_flow_run"
        return bool(found["status"] == "READY")

    def trigger(self, shape: Shape) -> str:
        return str(self.call(self.place, {"parameters": {"shape": identifier(shape)}})["id"])

    def ended(self, run: str) -> float | None:
        found = self.call(f"/api/flow_runs/{run}")
        if found["state"]["type"] in ("FAILED", "CRASHED", "CANCELLED"):
            raise RuntimeError(f"a flow ended as {found['state']['name']}: {found['state']['message']}")
        return moment(found["end_time"].replace("Z", "+00:00")) if found["end_time"] else None
