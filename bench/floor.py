"""The least that Django can do for the same list: `.values()` and JSON by hand, no permission, no page, no door.

    python -m bench.floor DATA_FOLDER          prints its URL; ANSFLOW_DATABASE_URL as for the server

It runs behind the same uvicorn and the same threads as a server, so that only what AnsFlow adds is the difference.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

EXECUTION = ("id", "number", "project_id", "pipeline_id", "status", "reason", "message", "trigger_type", "by", "branch",
             "commit", "parameters", "created_at", "started_at", "ended_at", "seq")  # fmt: skip
STEP = ("execution_id", "id", "key", "name", "step_type", "status", "reason", "message", "attempt", "worker",
        "started_at", "ended_at")  # fmt: skip
PAGE = 50


def main() -> None:
    from ansflow.config.settings import read_settings  # noqa: PLC0415 — this is the process that is measured
    from ansflow.config.startup import start_django  # noqa: PLC0415

    os.environ["ANSFLOW_DATA_DIR"] = sys.argv[1]
    start_django(read_settings())
    import uvicorn  # noqa: PLC0415

    from ansflow.edge.threads import in_threads  # noqa: PLC0415

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        gc.collect()
        gc.freeze()
        config = uvicorn.Config(in_threads(application), lifespan="off", log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    from ansflow.apps.executions.models import PipelineExecution, StepExecution  # noqa: PLC0415 — wants Django set up

    found = list(PipelineExecution.objects.order_by("-id").values(*EXECUTION)[:PAGE])
    of: dict[int, list[Any]] = {row["id"]: [] for row in found}
    for step in StepExecution.objects.filter(execution_id__in=of).order_by("execution_id", "index").values(*STEP):
        of[step.pop("execution_id")].append(step)
    for row in found:
        row["step_executions"] = of[row["id"]]
    body = json.dumps(found, default=str).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    main()
