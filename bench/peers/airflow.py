"""Airflow 3 as its quick start has it: `airflow standalone`, whose LocalExecutor runs four tasks at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench.peers.peer import PARALLEL, Peer, free_port, identifier
from bench.serving import moment
from bench.shapes import Shape

DAGS = """\
import json

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

for name, steps in json.loads('''{shapes}''').items():
    with DAG(name, schedule=None) as dag:
        made = {{}}
        for key, needs in steps.items():
            made[key] = BashOperator(task_id=key, bash_command="true")
            made[key].set_upstream([made[need] for need in needs])
    globals()[name] = dag
"""


class Airflow(Peer):
    name = "Airflow 3"

    def files(self) -> Mapping[str, str]:
        shapes = json.dumps({identifier(shape): shape.needs for shape in self.shapes})
        return {"dags/shapes.py": DAGS.format(shapes=shapes)}

    def launch(self) -> None:
        here = f"http://127.0.0.1:{self.port}"
        self.env |= {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": here,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{here}/execution/",
            "AIRFLOW__CORE__PARALLELISM": str(PARALLEL),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "true",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
        }
        self.start(str(self.programs / "airflow"), "standalone")

    def ready(self) -> bool:
        self.token = self.call("/auth/token")["access_token"]
        found = self._ask("dags")["dags"]
        health = self._ask("monitor/health")["scheduler"]["status"]
        return health == "healthy" and len(found) == len(self.shapes)

    def trigger(self, shape: Shape) -> str:
        place = f"dags/{identifier(shape)}/dagRuns"
        return f"{place}/{self._ask(place, {'logical_date': None})['dag_run_id']}"

    def ended(self, run: str) -> float | None:
        found = self._ask(run)
        if found["state"] == "failed":
            raise RuntimeError("a run failed")
        return moment(found["end_date"].replace("Z", "+00:00")) if found["state"] == "success" else None

    def _ask(self, path: str, body: Any = None) -> Any:
        return self.call(f"/api/v2/{path}", body, Authorization=f"Bearer {self.token}")
