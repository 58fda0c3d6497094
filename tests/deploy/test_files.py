"""What is promised of the files in deploy/, without starting any of them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansflow.cli.parser import COMMANDS, build_parser
from ansflow.config.settings import IN_FILES, VARIABLES, Settings
from tests.deploy.composed import read, seconds

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSED = sorted(DEPLOY.glob("compose.*.yml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KNOWN = {*VARIABLES, *IN_FILES, "ANSFLOW_DATA_DIR"}
OURS = re.compile(r"\bANSFLOW_[A-Z_]+")
EXEC = ("ExecStart", "ExecStartPre", "ExecStop")
PINNED = re.compile(r"^([A-Za-z0-9_.-]+(?:\[[a-z]+\])?==\S+)", re.MULTILINE)


def named(path: Path) -> str:
    return path.name


def options(unit: Path) -> list[tuple[str, str]]:
    lines = (line.partition("=") for line in unit.read_text().splitlines() if line and line[0] not in "#[")
    return [(name, value) for name, _, value in lines]


def deployed() -> list[Path]:
    kept = (path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.relative_to(DEPLOY).parts)
    return sorted(path for path in kept if "__pycache__" not in path.parts)


@pytest.mark.parametrize("file", deployed(), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_setting_that_is_named_is_one(file: Path) -> None:
    assert set(OURS.findall(file.read_text())) - KNOWN == set()


# ── what is started ──────────────────────────────────────────────────────────────────────────────────────────────


def started() -> list[Any]:
    """Every `ansflow …` that a file in deploy/ starts, as its words."""
    found = [(file.name, words) for file in COMPOSED for words in _of_compose(file)]
    found += [(unit.name, shlex.split(value)[1:]) for unit in UNITS for name, value in options(unit) if name in EXEC]
    chart = "".join(file.read_text() for file in sorted((DEPLOY / "helm").rglob("*.yaml")))
    found += [("chart", [part]) for part in re.findall(r'"part" "([a-z]+)"', chart)]
    found += [("chart", written.split(", ")) for written in re.findall(r"args: \[([a-z, -]+)\]", chart)]
    return [pytest.param(words, id=f"{name}: {' '.join(words)}") for name, words in found]


def _of_compose(file: Path) -> list[list[str]]:
    ours = [one for one in read(file)["services"].values() if "ansflow" in one["image"]]
    return [one.get("command", ["serve"]) for one in ours]  # the second is CMD of the image


@pytest.mark.parametrize("words", started())
def test_what_is_started_is_a_command_with_options_that_it_has(words: list[str]) -> None:
    assert words[0] in COMMANDS
    build_parser(words).parse_args(words)


def test_ports_are_those_at_which_each_process_listens() -> None:
    """`serve` and `edge` at theirs, `worker` and `scheduler` where they are told to answer probes."""
    usual = str(Settings(data_dir=ROOT).port)
    image = (DEPLOY / "Dockerfile").read_text()
    assert f"EXPOSE {usual}\n" in image and "ANSFLOW_PORT" not in image
    assert f'or "{usual}"' in (DEPLOY / "probe.py").read_text()
    for file in COMPOSED:
        for name, service in read(file)["services"].items():
            for port in service.get("ports", ()):
                assert port.rpartition(":")[2] == usual, name
            is_asked = service.get("command", ["serve"])[0] in ("worker", "scheduler")
            assert ("ANSFLOW_HEALTH_PORT" in service.get("environment", {})) == is_asked, name


# ── the image ────────────────────────────────────────────────────────────────────────────────────────────────────


def last_stage() -> str:
    return (DEPLOY / "Dockerfile").read_text().rpartition("\nFROM ")[2]


def test_the_image_runs_as_a_user_of_its_own_and_says_how_it_is() -> None:
    stage = last_stage()
    assert re.findall(r"^(USER|ENTRYPOINT|CMD|HEALTHCHECK|VOLUME) ?(.*)$", stage, re.MULTILINE)[-5:] == [
        ("USER", "10001:10001"),
        ("VOLUME", "/var/lib/ansflow"),
        ("HEALTHCHECK", '--interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["ansflow-probe"]'),
        ("ENTRYPOINT", '["ansflow"]'),
        ("CMD", '["serve"]'),
    ]


def test_what_runs_is_built_elsewhere() -> None:
    stage = last_stage()
    assert not re.search(r"\b(pip|npm|gcc|make|curl|build-essential|python3-venv)\b", stage.replace("no compiler", ""))
    assert {"bubblewrap", "git"} <= set(stage.split())


def test_everything_that_is_installed_from_elsewhere_is_locked_by_its_hash() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    installs = re.findall(r"pip install (.*?)(?: \\|\n)", text)
    assert len(installs) == 3
    assert all("--require-hashes --only-binary :all:" in words or "--no-deps --no-index" in words for words in installs)


def test_the_requirements_of_the_image_are_those_that_the_tests_run_with() -> None:
    tested = set(PINNED.findall((ROOT / "requirements" / "dev.txt").read_text()))
    for name in ("server.txt", "build.txt"):
        text = (ROOT / "requirements" / name).read_text()
        assert set(PINNED.findall(text)) <= tested
        assert text.count("--hash=sha256:") >= len(PINNED.findall(text))


def test_the_image_can_do_all_that_an_installation_of_many_machines_wants() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    locked = {
        pin.partition("==")[0].partition("[")[0].lower()
        for pin in PINNED.findall((ROOT / "requirements" / "server.txt").read_text())
    }
    wanted = {
        re.split(r"[\[>=<]", each)[0].lower() for name, extra in extras.items() if name != "dev" for each in extra
    }
    assert wanted <= locked


def test_the_web_app_is_built_from_all_that_it_imports() -> None:
    before = (DEPLOY / "Dockerfile").read_text().partition("RUN bin/web\n")[0]
    copied = [ROOT / words.split()[0] for words in re.findall(r"^COPY ([^-].*)$", before, re.MULTILINE)]
    for file in (ROOT / "web" / "src").rglob("*.ts*"):
        for path in re.findall(r"""^import .* from ["'](\.[^"']+)["']""", file.read_text(), re.MULTILINE):
            there = (file.parent / path).resolve()
            is_a_test = ".test." in file.name
            assert is_a_test or any(there.is_relative_to(folder) for folder in copied), f"{file}: {path}"


def test_only_what_is_named_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    for line in lines:
        assert not line.startswith("!") or (ROOT / line[1:]).exists(), line


# ── compose ──────────────────────────────────────────────────────────────────────────────────────────────────────


def services() -> list[Any]:
    return [
        pytest.param(name, service, id=f"{file.name}-{name}")
        for file in COMPOSED
        for name, service in read(file)["services"].items()
    ]


@pytest.mark.parametrize(("name", "service"), services())
def test_a_container_may_no_more_than_it_must(name: str, service: Mapping[str, Any]) -> None:
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"] in ("10001:10001", "999:999")
    assert not service.get("privileged") and "cap_add" not in service and "network_mode" not in service
    assert service["healthcheck"]["test"]


@pytest.mark.parametrize(("name", "service"), services())
def test_only_the_web_is_published_and_on_loopback(name: str, service: Mapping[str, Any]) -> None:
    ports = service.get("ports", [])
    assert bool(ports) == (name in ("serve", "edge"))
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize(("name", "service"), services())
def test_no_password_stands_in_the_environment(name: str, service: Mapping[str, Any]) -> None:
    for variable, value in service.get("environment", {}).items():
        assert "://" not in str(value) or variable in ("ANSFLOW_STORAGE_URL", "ANSFLOW_BASE_URL")
        assert "PASSWORD" not in variable or variable.endswith(("_FILE", "RANDOM_ROOT_PASSWORD"))


@pytest.mark.parametrize("file", COMPOSED, ids=named)
def test_databases_and_brokers_reach_nothing_outside(file: Path) -> None:
    composed = read(file)
    assert composed["networks"]["inside"] == {"internal": True}
    inside = {name for name, service in composed["services"].items() if service["networks"] == ["inside"]}
    assert inside == set(composed["services"]) - {"serve", "edge", "scheduler", "worker-1", "worker-2"}


@pytest.mark.parametrize("file", COMPOSED, ids=named)
def test_a_worker_has_longer_to_end_than_its_steps(file: Path) -> None:
    for name in ("worker-1", "worker-2"):
        worker = read(file)["services"][name]
        assert seconds(worker["stop_grace_period"]) > int(worker["environment"]["ANSFLOW_DRAIN_SECONDS"]) > 0


@pytest.mark.parametrize("file", COMPOSED, ids=named)
def test_each_process_has_a_data_folder_of_its_own(file: Path) -> None:
    mounted = [volume for service in read(file)["services"].values() for volume in service.get("volumes", ())]
    own = [volume for volume in mounted if volume.endswith(":/var/lib/ansflow")]
    assert len(own) == len(set(own)) == 5


@pytest.mark.parametrize("file", COMPOSED, ids=named)
def test_only_the_server_may_write_keys(file: Path) -> None:
    for name, service in read(file)["services"].items():
        keys = [volume for volume in service.get("volumes", []) if volume.startswith("keys:")]
        assert all(volume.endswith(":ro") for volume in keys) == (name != "serve") or not keys


@pytest.mark.parametrize("file", COMPOSED, ids=named)
def test_the_passwords_that_are_made_are_those_that_are_wanted(file: Path, tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    script.write_text(
        (DEPLOY / "make-secrets").read_text().replace('chown "$2:$2"', "true")
    )  # its user may not be root
    told, again = (
        subprocess.run(["sh", script], check=True, capture_output=True, text=True).stdout for _ in range(2)
    )  # what is there stays
    composed = read(file)
    wanted = {(tmp_path / secret["file"]).resolve() for secret in composed["secrets"].values()}
    folder = tmp_path / "secrets" / file.name.split(".")[1]
    assert f"Made {folder}: {' '.join(sorted(path.name for path in wanted))}\n" in told
    assert f"{folder} was there already, and is left as it is.\n" in again
    assert not any(path.read_text().strip() in told + again for path in wanted)
    assert wanted == set(folder.iterdir())
    assert {path.stat().st_mode & 0o777 for path in wanted} == {0o400}
    password = (folder / "database_password").read_text().strip()
    assert len(password) == 48 and f":{password}@database" in (folder / "database_url").read_text()
    redis = (folder / "redis_conf").read_text().splitlines()[0].removeprefix("requirepass ")
    assert f":{redis}@redis" in (folder / "redis_url").read_text()


def test_the_profile_of_workers_allows_namespaces_and_nothing_that_would_lead_out() -> None:
    profile = json.loads((DEPLOY / "seccomp-worker.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    assert {"clone", "unshare", "mount", "umount2", "pivot_root", "sethostname"} <= allowed
    outwards = {"bpf", "finit_module", "init_module", "io_uring_setup", "kexec_load", "keyctl", "open_by_handle_at"}
    outwards |= {"perf_event_open", "process_vm_readv", "ptrace_attach", "reboot", "setns", "swapon", "userfaultfd"}
    assert outwards & allowed == set()


# ── systemd ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("unit", UNITS, ids=named)
def test_a_unit_is_valid_and_well_closed(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    there = tmp_path / unit.name.replace("@", "@one")
    program = shutil.which("true") or "/bin/true"
    there.write_text(unit.read_text().replace("/opt/ansflow/bin/ansflow", program))  # which is not installed here
    verified = subprocess.run(["systemd-analyze", "verify", there], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    most = 3.5 if dict(options(unit)).get("KillMode") == "process" else 1.8
    asked = ["systemd-analyze", "security", "--offline=yes", there]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert float(said.rpartition("level for ")[2].split(": ")[1].split()[0]) <= most


@pytest.mark.parametrize("unit", UNITS, ids=named)
def test_a_unit_whose_process_runs_steps_leaves_them_alive_and_lets_them_be_isolated(unit: Path) -> None:
    said = dict(options(unit))
    assert said["User"] == "ansflow" and said["NoNewPrivileges"] == "yes"
    runs_steps = unit.name in ("ansflow.service", "ansflow-worker@.service")
    assert (said.get("KillMode") == "process") == runs_steps
    hidden = {
        "ProtectKernelTunables",
        "ProtectKernelLogs",
        "ProcSubset",
        "PrivateUsers",
    }  # no /proc in a namespace then
    assert bool(hidden & set(said)) != runs_steps
    assert ("user" in said["RestrictNamespaces"]) == runs_steps
    folder = dict(pair.split("=") for name, pair in options(unit) if name == "Environment")["ANSFLOW_DATA_DIR"]
    assert folder == f"/var/lib/{said['StateDirectory']}"
