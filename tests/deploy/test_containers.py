"""The image is built, and both compose files are started as they stand: a pipeline runs through the API of each.

    make image-proof

Databases, Redis and RabbitMQ are Debian's, in containers that take the same variables and files as the official ones.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest

from tests.deploy.composed import PATIENCE, Composed, podman
from tests.deploy.machine import ROOT, Figure, build

DEPLOY = ROOT / "deploy"
SERVERS = Path(__file__).parent / "servers"
SERVER_IMAGES = {name: f"localhost/{name}:proof" for name in ("postgres", "redis", "mariadb", "rabbitmq")}
TOPOLOGIES = {"postgres-redis": ("postgres", "redis"), "mariadb-rabbitmq": ("mariadb", "redis", "rabbitmq")}
PIPELINE = """\
version: 1
name: shop
steps:
  build:
    matrix: {part: [one, two, three, four, five, six]}
    run: |
      grep NoNewPrivs /proc/self/status
      for hidden in /run/secrets /var/lib/ansflow-keys /srv /var/lib/ansflow/worker; do [ ! -e $hidden ] || exit 9; done
      sleep 1
      echo ${{ matrix.part }} > ${{ matrix.part }}.txt
  join:
    needs: build
    run: cat one.txt two.txt three.txt four.txt five.txt six.txt
"""


def test_the_image_says_which_release_it_is_and_holds_no_build_tools(image: str, figure: Figure) -> None:
    said = podman("run", "--rm", "--network=none", image, "--version").stdout
    assert said.startswith("ansflow 0.")
    tools = "for tool in gcc cc make npm node pip pip3; do ! command -v $tool || exit 1; done; id -u; git --version"
    done = podman("run", "--rm", "--network=none", "--entrypoint=sh", image, "-c", tools)
    assert done.stdout.startswith("10001\n")
    size = int(podman("image", "inspect", "--format={{.Size}}", image).stdout)
    figure("image", f"{size / 1e6:.0f} MB with its base")


def test_one_process_runs_a_pipeline_in_its_sandbox(image: str, tmp_path: Path, figure: Figure) -> None:
    password = tmp_path / "password"
    password.write_text("correct-horse-battery\n")
    password.chmod(0o400)
    os.chown(password, 10001, 10001)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name = f"proof-one-{port}"
    options = [
        *("--init", "--read-only", "--read-only-tmpfs=false", "--tmpfs=/tmp:rw,mode=1777", "--cap-drop=ALL"),
        *("--security-opt=no-new-privileges", "--security-opt=systempaths=unconfined"),
        f"--security-opt=seccomp={DEPLOY / 'seccomp-worker.json'}",
        f"--volume={password}:/run/secrets/password:ro",
        f"--publish=127.0.0.1:{port}:8000",
        *("--env=ANSFLOW_ADMIN_EMAIL=ann@example.com", "--env=ANSFLOW_ADMIN_PASSWORD_FILE=/run/secrets/password"),
    ]
    try:
        began = monotonic()
        podman("run", "--detach", f"--name={name}", *options, image)
        wait(lambda: podman("exec", name, "ansflow-probe", check=False).returncode == 0, lambda: logs(name))
        figure("one process: start to ready, tables and keys included", f"{monotonic() - began:.1f} s")
        run_pipeline(f"http://127.0.0.1:{port}", "correct-horse-battery")
    finally:
        podman("rm", "--force", "--volumes", "--time=0", name, check=False)


@pytest.fixture(scope="module", params=sorted(TOPOLOGIES))
def house(request: pytest.FixtureRequest, image: str) -> Iterator[Composed]:
    for name in TOPOLOGIES[request.param]:
        if podman("image", "exists", SERVER_IMAGES[name], check=False).returncode != 0:
            build(SERVER_IMAGES[name], SERVERS / "Dockerfile", SERVERS, f"--target={name}")
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    folder.chmod(0o711)
    for file in (f"compose.{request.param}.yml", "seccomp-worker.json", "make-secrets"):
        shutil.copy(DEPLOY / file, folder)
    subprocess.run([folder / "make-secrets"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as web, socket.create_server(("127.0.0.1", 0)) as edge:
        port, edge_port = str(web.getsockname()[1]), str(edge.getsockname()[1])
    values = {"IMAGE": image, "PORT": port, "EDGE_PORT": edge_port, "SLOTS": "2"}
    values["BASE_URL"] = f"http://127.0.0.1:{port}"
    values |= {f"{name.upper()}_IMAGE": tag for name, tag in SERVER_IMAGES.items()}
    try:
        with Composed(folder / f"compose.{request.param}.yml", values) as composed:
            yield composed
    finally:
        shutil.rmtree(folder)


def test_the_processes_of_a_compose_file_run_a_pipeline_on_both_workers(house: Composed, figure: Figure) -> None:
    began = monotonic()
    for name in ("serve", "scheduler", "worker-1", "worker-2"):
        house.start(name)
    figure("compose: database to both workers ready", f"{monotonic() - began:.1f} s")
    house.start("edge")
    execution = run_pipeline(*reached(house))
    assert len({step["worker"] for step in execution["step_executions"]}) == 2


def test_nothing_in_its_containers_may_more_than_it_must(house: Composed) -> None:
    for name in ("serve", "scheduler", "worker-1", "database", "redis"):
        assert house.inspect(name, "{{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}}") == "true []"
        assert house.exec(name, "id", "-u").stdout.strip() in ("10001", "999")
        environ = house.exec(name, "cat", "/proc/1/environ").stdout
        for secret in (house.folder / "secrets").rglob("*"):
            assert secret.is_dir() or secret.read_text().strip() not in environ


def test_a_worker_that_is_stopped_lets_its_step_come_to_its_end(house: Composed, figure: Figure) -> None:
    url, password = reached(house)
    with signed_in(url, password) as client:
        execution = trigger(client, "slow", "version: 1\nname: slow\nsteps:\n  wait: {run: 'sleep 6.25; echo whole'}\n")
        worker = carrier(house, "6.25")
        began = monotonic()
        assert house.stop(worker) == 0
        figure("compose: stopped with a step of 6 s", f"{monotonic() - began:.1f} s")
        ended = finished(client, execution, house)
        assert (ended["status"], ended["step_executions"][0]["attempt"]) == ("success", 1)
        house.again(worker)


def test_a_step_whose_container_was_killed_is_told_so(house: Composed) -> None:
    url, password = reached(house)
    with signed_in(url, password) as client:
        execution = trigger(client, "lost", "version: 1\nname: lost\nsteps:\n  wait: {run: 'sleep 5.25'}\n")
        worker = carrier(house, "5.25")
        house.kill(worker)
        house.again(worker)
        (step,) = finished(client, execution, house)["step_executions"]
        # its supervisor died with it: nobody knows what it has done, so that it is not done again unasked
        assert (step["status"], step["reason"], step["attempt"]) == ("failed", "internal_error", 1)
        assert "nobody knows how the step ended" in step["message"]


# ── over the API ─────────────────────────────────────────────────────────────────────────────────────────────────


def reached(house: Composed) -> tuple[str, str]:
    password = (house.folder / house.said["secrets"]["admin_password"]["file"]).read_text().strip()
    return str(house.said["services"]["serve"]["environment"]["ANSFLOW_BASE_URL"]), password


def signed_in(url: str, password: str) -> httpx2.Client:
    body = {"username": "admin", "password": password}
    access = httpx2.post(f"{url}/api/v1/auth/token/", json=body, timeout=PATIENCE).raise_for_status().json()["access"]
    headers = {"Authorization": f"Bearer {access}"}
    return httpx2.Client(base_url=f"{url}/api/v1", headers=headers, timeout=PATIENCE)


def trigger(client: httpx2.Client, name: str, source: str) -> int:
    """The number of the execution, begun by the contract's own call."""
    project = client.post("/projects/", json={"name": name}).raise_for_status().json()["id"]
    body = {"project": project, "name": name, "source": source}
    pipeline = client.post("/pipelines/", json=body).raise_for_status().json()["id"]
    curl = [
        *("curl", "-sS", "-X", "POST", f"{client.base_url}cicd/executions/"),
        *("-H", f"Authorization: {client.headers['Authorization']}", "-H", "Content-Type: application/json"),
        *("-d", json.dumps({"pipeline_id": pipeline, "trigger_type": "manual"})),
    ]
    said = subprocess.run(curl, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    return int(json.loads(said)["id"])


def carrier(house: Composed, seconds: str) -> str:
    """The worker in whose container a step sleeps for so long."""

    def look() -> str:
        found = (name for name in ("worker-1", "worker-2") if carrier_in(house.full(name), seconds))
        return next(found, "")

    return str(wait(look, lambda: house.log("worker-1") + house.log("worker-2")))


def carrier_in(container: str, seconds: str) -> bool:
    """Whether a step sleeps for so long in that container."""
    mine = f"grep -alE 'sleep.[{seconds[0]}]{seconds[1:]}' /proc/[0-9]*/cmdline"  # not that of grep itself
    return bool(podman("exec", container, "sh", "-c", mine, check=False).stdout)


def finished(client: httpx2.Client, execution: int, house: Composed | None = None) -> Any:
    def look() -> Any:
        found = client.get(f"/cicd/executions/{execution}/").raise_for_status().json()
        return found if found["status"] not in ("pending", "running") else None

    return wait(look, lambda: house.log("worker-1") + house.log("worker-2") if house else "")


def run_pipeline(url: str, password: str) -> Any:
    with signed_in(url, password) as client:
        execution = trigger(client, "shop", PIPELINE)
        ended = finished(client, execution)
        said = [(step["key"], step["status"], step["message"]) for step in ended["step_executions"]]
        assert ended["status"] == "success", said
        log = client.get(f"/cicd/executions/{execution}/logs/", params={"step": "join"}).raise_for_status().text
        assert all(part in log for part in ("one", "two", "three", "four", "five", "six"))
        return ended


def logs(name: str) -> str:
    done = podman("logs", name, check=False)
    return (done.stdout + done.stderr)[-4000:]


def wait(found: Callable[[], Any], why: Callable[[], str]) -> Any:
    until = monotonic() + PATIENCE
    while not (value := found()):
        assert monotonic() < until, why()
        sleep(0.2)
    return value
