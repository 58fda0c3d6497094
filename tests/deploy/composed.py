"""Containers as a compose file says, started by Podman: what the file asks for that is not known here is an error.

    with Composed(file, images={"IMAGE": …}) as house:
        house.start("serve")                  # after what it depends on, each once its health check says yes
        house.exec("serve", "ansflow", "--version")

Compose itself wants a daemon, or health checks by systemd; a machine of CI has neither.
"""

from __future__ import annotations

import re
import secrets
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

import yaml

HOLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")
PATIENCE = 120.0  # seconds, for anything on a busy machine
IGNORED = (
    "restart",
    "profiles",
    "healthcheck",
    "depends_on",
    "networks",
    "secrets",
    "image",
    "command",
    "stop_grace_period",
)
"""Keys of a service that are no option of `podman run`, or are looked at elsewhere."""


def read(file: Path, values: Mapping[str, str] | None = None) -> Any:
    """The file with its variables filled in."""
    filled = HOLE.sub(lambda found: (values or {}).get(found[1]) or found[2], file.read_text())
    return yaml.safe_load(filled)


def podman(*words: str, timeout: float = PATIENCE, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["podman", *words], capture_output=True, text=True, timeout=timeout, check=False)
    assert not check or done.returncode == 0, f"podman {shlex.join(words)}: {done.stderr[-4000:]}"
    return done


def seconds(written: str) -> int:
    return int(written.removesuffix("s"))


def flag(name: str) -> Callable[[Any], Sequence[str]]:
    return lambda value: [f"--{name}={value}"]


def each(name: str) -> Callable[[Any], Sequence[str]]:
    return lambda values: [f"--{name}={value}" for value in values]


OPTIONS: Mapping[str, Callable[[Any], Sequence[str]]] = {
    "cap_drop": each("cap-drop"),
    "environment": lambda values: [f"--env={name}={value}" for name, value in values.items()],
    "hostname": flag("hostname"),
    "init": lambda value: ["--init"] if value else [],
    "pids_limit": flag("pids-limit"),
    "ports": each("publish"),
    "read_only": lambda value: ["--read-only", "--read-only-tmpfs=false"] if value else [],
    "shm_size": flag("shm-size"),
    "tmpfs": each("tmpfs"),
    "user": flag("user"),
    "working_dir": flag("workdir"),
}


class Composed:
    def __init__(self, file: Path, values: Mapping[str, str]) -> None:
        self.said = read(file, values)
        self.folder = file.parent
        self._mark = f"proof{secrets.token_hex(3)}"
        self._started: list[str] = []

    def start(self, name: str) -> None:
        """Returns when it is fit for work, and so is all that it depends on."""
        if name in self._started:
            return
        service = self.said["services"][name]
        for needed in service.get("depends_on", {}):
            self.start(needed)
        self._started.append(name)
        podman("run", "--detach", f"--name={self.full(name)}", f"--network-alias={name}", *self._options(service))
        self.ready(name)

    def ready(self, name: str) -> None:
        test = self.said["services"][name]["healthcheck"]["test"]
        words = ["sh", "-c", test[1]] if test[0] == "CMD-SHELL" else test[1:]
        until = monotonic() + PATIENCE
        while (asked := self.exec(name, *words, check=False)).returncode != 0:
            runs = self.inspect(name, "{{.State.Status}}") == "running"
            assert runs and monotonic() < until, f"{name} is not ready: {asked.stdout}{asked.stderr}{self.log(name)}"
            sleep(0.2)

    def exec(self, name: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return podman("exec", self.full(name), *words, check=check)

    def stop(self, name: str) -> int:
        """As compose does: SIGTERM, and SIGKILL after the grace. The exit code."""
        grace = seconds(self.said["services"][name]["stop_grace_period"])
        podman("stop", f"--time={grace}", self.full(name), timeout=grace + PATIENCE)
        return int(podman("inspect", "--format={{.State.ExitCode}}", self.full(name)).stdout)

    def kill(self, name: str) -> None:
        podman("kill", self.full(name))
        podman("wait", self.full(name))

    def again(self, name: str) -> None:
        """The same container, with what its volumes hold."""
        podman("start", self.full(name))
        self.ready(name)

    def inspect(self, name: str, what: str) -> str:
        return podman("inspect", f"--format={what}", self.full(name)).stdout.strip()

    def log(self, name: str) -> str:
        done = podman("logs", self.full(name), check=False)
        return (done.stdout + done.stderr)[-6000:]

    def close(self) -> None:
        for name in reversed(self._started):
            podman("rm", "--force", "--time=0", self.full(name), check=False)
        for volume in self.said["volumes"]:
            podman("volume", "rm", "--force", self.full(volume), check=False)
        for network in self.said["networks"]:
            podman("network", "rm", "--force", self.full(network), check=False)

    def __enter__(self) -> Self:
        for name, network in self.said["networks"].items():
            podman("network", "create", *(["--internal"] if network.get("internal") else []), self.full(name))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def full(self, name: str) -> str:
        return f"{self._mark}-{name}"

    def _options(self, service: Mapping[str, Any]) -> list[str]:
        words = [f"--network={','.join(map(self.full, service['networks']))}"]
        for key, value in service.items():
            if key == "volumes":
                words += [f"--volume={self.full(volume)}" for volume in value]
            elif key == "security_opt":
                words += [f"--security-opt={self._placed(option)}" for option in value]
            elif key not in IGNORED:
                words += OPTIONS[key](value)
        words += [self._secret(secret) for secret in service.get("secrets", ())]
        return [*words, service["image"], *service.get("command", ())]

    def _placed(self, option: str) -> str:
        """A file is named from where the compose file is."""
        name, _, value = option.partition("=")
        return f"{name}={self.folder / value}" if value.startswith("./") else option

    def _secret(self, said: Any) -> str:
        source = said if isinstance(said, str) else said["source"]
        target = f"/run/secrets/{source}" if isinstance(said, str) else said["target"]
        file = self.folder / self.said["secrets"][source]["file"]
        return f"--volume={file}:{target}:ro"
