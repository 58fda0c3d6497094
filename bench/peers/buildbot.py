"""Buildbot as its tutorial has it: a master and a worker that does four builds at once.

Steps of a build come one after the other. What is to run at once is a build of its own, triggered by one that waits for
it on the master; a graph knows no edges then, and a layer waits for the whole of the layer before.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from time import time

from bench.databases import Missing
from bench.peers.peer import PARALLEL, Peer, free_port, identifier
from bench.shapes import Shape, layers

CONFIG = """\
import json
from buildbot.plugins import schedulers, steps, util, worker

SHAPES = json.loads('''{shapes}''')  # by name: how wide each layer is
WIDTHS = {{width for layers in SHAPES.values() for width in layers if width > 1}}
PARTS = [f"part-{{number}}" for number in range(max(WIDTHS, default=0))]


def factory(layers):
    return util.BuildFactory([
        steps.ShellCommand(command=["true"]) if width == 1 else
        steps.Trigger(schedulerNames=[f"layer-{{width}}"], waitForFinish=True) for width in layers
    ])


def builder(name, on, layers):
    return util.BuilderConfig(name=name, workernames=[on], factory=factory(layers))


c = BuildmasterConfig = {{
    "buildbotNetUsageData": None,
    "buildbotURL": "http://127.0.0.1:{port}/",
    "www": {{"port": "tcp:{port}:interface=127.0.0.1", "plugins": {{}}}},
    "protocols": {{"pb": {{"port": "tcp:{workers}:interface=127.0.0.1"}}}},
    "workers": [worker.Worker("worker", "pass", max_builds={parallel}), worker.LocalWorker("waiting")],
    "builders": [builder(name, "worker", [1]) for name in PARTS] + [
        builder(name, "worker" if set(layers) == {{1}} else "waiting", layers) for name, layers in SHAPES.items()
    ],
    "schedulers": [schedulers.ForceScheduler(name=name, builderNames=[name]) for name in SHAPES] + [
        schedulers.Triggerable(name=f"layer-{{width}}", builderNames=PARTS[:width]) for width in WIDTHS
    ],
}}
"""


class Buildbot(Peer):
    name = "Buildbot"

    def files(self) -> Mapping[str, str]:
        self.workers = free_port()
        shapes = json.dumps({identifier(shape): layers(shape) for shape in self.shapes})
        text = CONFIG.format(shapes=shapes, port=self.port, workers=self.workers, parallel=PARALLEL)
        return {"master/master.cfg": text}

    def launch(self) -> None:
        self._once("buildbot", "create-master", "-f", "master")
        self._once("buildbot-worker", "create-worker", "worker", f"127.0.0.1:{self.workers}", "worker", "pass")
        self.start(str(self.programs / "buildbot"), "start", "--nodaemon", "master")
        self.start(str(self.programs / "buildbot-worker"), "start", "--nodaemon", "worker")

    def ready(self) -> bool:
        workers = self.call("/api/v2/workers")["workers"]
        return len(workers) > 1 and all(worker["connected_to"] for worker in workers)

    def trigger(self, shape: Shape) -> str:
        wanted = {"id": 1, "jsonrpc": "2.0", "method": "force", "params": {}}
        return str(self.call(f"/api/v2/forceschedulers/{identifier(shape)}", wanted)["result"][0])

    def ended(self, run: str) -> float | None:
        """It records whole seconds: when it was seen to have ended is nearer."""
        (found,) = self.call(f"/api/v2/buildsets/{run}")["buildsets"]
        if found["complete"] and found["results"] != 0:
            raise RuntimeError(f"a build ended with {found['results']}")
        return time() if found["complete"] else None

    def _once(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Missing(f"{program} {arguments[0]} failed: {(done.stderr or done.stdout).strip()[-200:]}")
