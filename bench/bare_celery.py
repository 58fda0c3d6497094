"""The peer: Celery over Redis as its manual shows it, four processes, no state kept beside what a canvas needs.

with BareCelery(redis.url) as celery:
    celery.run(shape)               # seconds from sending it to its result

python -m bench.bare_celery URL     is its worker
"""

from __future__ import annotations

import os
import subprocess
import sys
from time import perf_counter
from types import TracebackType
from typing import Any

from celery import Celery, chain, group

from bench.shapes import Shape, layers

PARALLEL = 4
PATIENCE = 300.0
PREFORK = ("worker", "--pool", "prefork", "--concurrency", str(PARALLEL), "--loglevel", "ERROR")


def make_app(url: str) -> Celery:
    app = Celery("bare", broker=url, backend=url)
    app.conf.broker_connection_retry_on_startup = True
    app.task(_run, name="bare.step")
    return app


def _run() -> None:
    """What a step of every contender does."""
    os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "true"], os.environ), 0)


class BareCelery:
    def __init__(self, url: str) -> None:
        self._app = make_app(url)
        self._worker: subprocess.Popen[bytes] | None = None
        self._url = url

    def __enter__(self) -> BareCelery:
        command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "bench.bare_celery", self._url]
        self._worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._step().apply_async().get(timeout=PATIENCE)  # once it comes back, the worker is there
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._worker is not None
        self._worker.terminate()
        self._worker.wait(PATIENCE)
        self._app.backend.result_consumer.subscribed_to.clear()  # else its results ask a Redis that has ended
        self._app.close()

    def run(self, shape: Shape) -> float:
        began = perf_counter()
        self._canvas(shape).apply_async().get(timeout=PATIENCE)
        return perf_counter() - began

    def _canvas(self, shape: Shape) -> Any:
        """A canvas knows no edges: a layer waits for the whole of the layer before."""
        widths = layers(shape)
        return chain(*(self._step() if width == 1 else group(self._step() for _ in range(width)) for width in widths))

    def _step(self) -> Any:
        return self._app.tasks["bare.step"].si()


if __name__ == "__main__":
    make_app(sys.argv[1]).worker_main(PREFORK)
