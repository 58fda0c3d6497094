from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.core.spec import EnvironmentSpec, StepSpec
from ansflow.core.status import StepStatus
from ansflow.steps.deploy import Deploy, _seen_from_here


def site(root: Path, version: str, *, files: int = 3) -> None:
    """A small thing to deploy: every file names the version, so that a mixture would show."""
    (root / "assets").mkdir(exist_ok=True)
    (root / "index.html").write_text(version)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    for number in range(files):
        (root / "assets" / f"{number}.txt").write_text(version)


def live(target: Path) -> set[str]:
    """The versions that a visitor sees; one, whatever happened."""
    return {file.read_text() for file in (target / "current").rglob("*") if file.suffix in {".html", ".txt"}}


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "srv"


Release = Callable[..., Any]


@pytest.fixture
def release(make_job: Any, perform: Any, target: Path) -> Release:
    """Deploys a version by copy and gives what was performed."""

    def deploy(version: str, **parameters: Any) -> Any:
        spec = {key: parameters.pop(key) for key in ("environment",) if key in parameters}
        attempt = parameters.pop("attempt", 1)
        job = make_job(
            type="deploy", attempt=attempt, parameters={"strategy": "copy", "target": str(target)} | parameters, **spec
        )
        site(job.workspace, version)
        return perform(job)

    return deploy


def test_a_copy_becomes_current_as_a_whole(release: Release, target: Path) -> None:
    done = release("one")
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert live(target) == {"one"}
    assert os.readlink(target / "current") == f"releases/{done.outcome.outputs['release']}"
    assert done.outcome.outputs["previous"] == ""
    assert os.access(target / "current" / "run.sh", os.X_OK)
    assert sorted(path.name for path in target.iterdir()) == [".history", ".lock", "current", "releases"]


def test_a_second_release_names_the_one_before(release: Release, target: Path) -> None:
    first, second = release("one"), release("two")
    assert second.outcome.outputs["previous"] == first.outcome.outputs["release"]
    assert live(target) == {"two"}


def test_only_the_newest_releases_are_kept(release: Release, target: Path) -> None:
    made = [release(str(number), keep=2).outcome.outputs["release"] for number in range(4)]
    assert sorted(path.name for path in (target / "releases").iterdir()) == made[-2:]


def test_folders_that_are_not_ours_are_never_removed(release: Release, target: Path) -> None:
    (target / "releases" / "20240101120000").mkdir(parents=True)
    for version in ("one", "two"):
        release(version, keep=1)
    assert (target / "releases" / "20240101120000").is_dir()


def test_a_rollback_goes_back_release_by_release(release: Release, target: Path) -> None:
    for version in ("one", "two", "three"):
        release(version)
    for version in ("two", "one"):
        done = release("unused", action="rollback")
        assert done.outcome.status is StepStatus.SUCCESS, done.log
        assert live(target) == {version}
    done = release("unused", action="rollback")
    assert done.outcome.status is StepStatus.FAILED
    assert "There is no release before" in done.outcome.message
    assert live(target) == {"one"}


def test_a_rollback_may_name_its_release(release: Release, target: Path) -> None:
    for version in ("1.0", "1.1", "1.2"):
        release(version, release=version)
    assert release("unused", action="rollback", release="1.0").outcome.status is StepStatus.SUCCESS
    assert live(target) == {"1.0"}
    done = release("unused", action="rollback", release="9.9")
    assert done.outcome.message == f"{target}: There is no release 9.9."


def test_the_environment_can_ask_for_the_rollback(release: Release, target: Path) -> None:
    for version in ("one", "two"):
        release(version)
    release("unused", environment=EnvironmentSpec(name="production", action="rollback"))
    assert live(target) == {"one"}


def test_a_failed_check_brings_the_old_release_back(release: Release, target: Path) -> None:
    first = release("good", verify="grep -q good index.html").outcome.outputs["release"]
    done = release("bad", verify="echo looking at $ANSFLOW_RELEASE; grep -q good index.html")
    assert done.outcome.status is StepStatus.FAILED
    assert f"exited with code 1. {first} is current again." in done.outcome.message
    assert "looking at 2" in done.log
    assert live(target) == {"good"}
    release("better", verify="grep -q better index.html")
    assert release("unused", action="rollback").outcome.status is StepStatus.SUCCESS
    assert live(target) == {"good"}


def test_a_failed_check_of_the_first_release_leaves_nothing_current(release: Release, target: Path) -> None:
    done = release("bad", verify="exit 3")
    assert "There was no release before it" in done.outcome.message
    assert not (target / "current").is_symlink()
    assert not list((target / "releases").iterdir())


def test_a_check_that_hangs_counts_as_failed(release: Release, target: Path) -> None:
    release("good")
    done = release("slow", verify="sleep 60", verify_timeout="200ms")
    assert "was not done after 0.2 s" in done.outcome.message
    assert live(target) == {"good"}


def test_globs_choose_and_leave_out(release: Release, target: Path) -> None:
    release("one", paths=["**", "!assets/**"])
    assert sorted(path.name for path in (target / "current").iterdir()) == ["index.html", "run.sh"]


def test_a_folder_of_the_workspace_can_be_the_source(release: Release, target: Path) -> None:
    release("one", source="assets")
    assert sorted(path.name for path in (target / "current").iterdir()) == ["0.txt", "1.txt", "2.txt"]


def test_nothing_to_deploy_is_a_failure(release: Release, target: Path) -> None:
    done = release("one", paths=["dist/**"])
    assert done.outcome.status is StepStatus.FAILED
    assert "no file in" in done.outcome.message and "dist/**" in done.outcome.message
    assert not target.exists()


def test_the_history_of_git_is_not_deployed(make_job: Any, perform: Any, target: Path) -> None:
    job = make_job(type="deploy", parameters={"strategy": "copy", "target": str(target)})
    site(job.workspace, "one")
    (job.workspace / ".git").mkdir()
    (job.workspace / ".git" / "config").write_text("")
    perform(job)
    assert not (target / "current" / ".git").exists()


def test_links_stay_links_and_lead_inside(make_job: Any, perform: Any, target: Path) -> None:
    job = make_job(type="deploy", parameters={"strategy": "copy", "target": str(target)})
    site(job.workspace, "one")
    (job.workspace / "assets" / "home").symlink_to("../index.html")
    assert perform(job).outcome.status is StepStatus.SUCCESS
    assert os.readlink(target / "current" / "assets" / "home") == "../index.html"


@pytest.mark.parametrize("leads_to", ["/etc/hostname", "../../secret", "assets/../../secret", "inner/secret"])
def test_a_link_that_leads_out_is_refused_before_anything_moves(
    make_job: Any, perform: Any, target: Path, tmp_path: Path, leads_to: str
) -> None:
    job = make_job(type="deploy", parameters={"strategy": "copy", "target": str(target), "paths": ["**", "!inner"]})
    site(job.workspace, "one")
    (tmp_path / "secret").write_text("canary")
    (job.workspace / "inner").symlink_to("..")
    (job.workspace / "link").symlink_to(leads_to)
    done = perform(job)
    assert done.outcome.status is StepStatus.FAILED
    assert "The link link leads out of what is deployed" in done.outcome.message
    assert not target.exists()


def test_a_pipe_is_passed_over_and_named(make_job: Any, perform: Any, target: Path) -> None:
    job = make_job(type="deploy", parameters={"strategy": "copy", "target": str(target)})
    site(job.workspace, "one")
    os.mkfifo(job.workspace / "pipe")
    done = perform(job)
    assert done.outcome.status is StepStatus.SUCCESS
    assert "Passed over: pipe" in done.log


def test_a_source_outside_the_workspace_is_refused(make_job: Any, tmp_path: Path) -> None:
    job = make_job(type="deploy", parameters={"strategy": "copy", "target": "/srv/x", "source": "../.."})
    with pytest.raises(InvalidSpec, match="outside the workspace"):
        Deploy().prepare(job)


def test_a_folder_in_place_of_the_link_is_not_replaced(release: Release, target: Path) -> None:
    (target / "current").mkdir(parents=True)
    (target / "current" / "precious").write_text("x")
    done = release("one")
    assert "is no link: move it away first. Nothing was switched." in done.outcome.message
    assert (target / "current" / "precious").exists()


def test_two_deployments_at_once_do_not_mix(release: Release, target: Path) -> None:
    release("one")
    argv = ["flock", str(target / ".lock"), "sh", "-c", "echo held; cat"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        done = release("two")
        holder.stdin.close()
    assert "Another deployment" in done.outcome.message
    assert live(target) == {"one"}


@pytest.mark.parametrize("check, said", [("test -f index.html", ""), ("false", "exited with code 1. ")])
def test_a_release_is_not_cleaned_up_while_it_is_checked(
    release: Release, target: Path, tmp_path: Path, check: str, said: str
) -> None:
    """The second deployment wins; the first says so, since its check was none of what is current."""
    release("one")
    verify = f"touch {tmp_path}/begun; until [ -e {tmp_path}/go ]; do sleep 0.05; done; {check}"
    with ThreadPoolExecutor() as pool:
        first = pool.submit(release, "two", verify=verify, keep=1)
        wait_until((tmp_path / "begun").exists)
        second = release("three", attempt=2, keep=1)
        kept = {path.name for path in (target / "releases").iterdir()}
        (tmp_path / "go").touch()
        outcome = first.result().outcome
    assert second.outcome.status is StepStatus.SUCCESS, second.log
    assert kept == {second.outcome.outputs["previous"], second.outcome.outputs["release"]}
    assert outcome.status is StepStatus.FAILED
    current = second.outcome.outputs["release"]
    assert outcome.message.endswith(f"{said}{target}: Another deployment has made {current} current meanwhile.")
    assert live(target) == {"three"}
    release("four", keep=1)
    assert len(list((target / "releases").iterdir())) == 1
    assert not list(target.glob(".checking-*"))


@pytest.mark.parametrize("check, version", [("true", "two"), ("false", "one")])
def test_the_end_of_a_deployment_waits_for_another_that_copies(
    release: Release, target: Path, tmp_path: Path, check: str, version: str
) -> None:
    release("one")
    held = f"flock {target}/.lock sh -c 'touch {tmp_path}/held; sleep 1' >/dev/null 2>&1 &"
    done = release("two", verify=f"[ -e {tmp_path}/held ] && exit; {held} sleep 0.5; {check}")
    assert (tmp_path / "held").exists()
    assert ("Another deployment" in done.log + done.outcome.message, live(target)) == (False, {version})


def test_a_release_that_a_killed_deployment_left_unchecked_is_cleaned_up(release: Release, target: Path) -> None:
    left = target / "releases" / "20240101T000000000000Z-1"
    left.mkdir(parents=True)
    (target / f".checking-{left.name}").write_text(f"{int(time.time()) + 100}\n")
    release("one")
    assert left.exists()
    (target / f".checking-{left.name}").write_text(f"{int(time.time()) - 1}\n")
    release("two")
    assert not left.exists() and not list(target.glob(".checking-*"))


def test_a_success_that_the_target_knows_nothing_of_is_none(release: Release, target: Path) -> None:
    """As from a sandbox that had a folder of that name to itself."""
    outcome = release("one").outcome
    assert _seen_from_here(outcome, target, outcome.outputs["release"]).status is StepStatus.SUCCESS
    assert "a sandbox does not show" in _seen_from_here(outcome, target, "another").message


def test_a_target_that_cannot_be_written_says_so(release: Release, target: Path) -> None:
    target.write_text("a file")
    done = release("one")
    assert done.outcome.status is StepStatus.FAILED
    assert done.outcome.message.endswith("Nothing was switched.")


def test_a_full_disk_leaves_the_old_release_current(make_job: Any, perform: Any, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        job = make_job(type="deploy", parameters={"strategy": "copy", "target": str(disk / "site")})
        site(job.workspace, "one")
        assert perform(job).outcome.status is StepStatus.SUCCESS
        (job.workspace / "big.bin").write_bytes(os.urandom(500_000))
        (job.workspace / "index.html").write_text("two")
        done = perform(job)
        assert done.outcome.status is StepStatus.FAILED
        assert "No space left on device. Nothing was switched." in done.outcome.message
        assert live(disk / "site") == {"one"}
        assert len(list((disk / "site" / "releases").iterdir())) == 1
        assert not list((disk / "site").glob(".incoming-*"))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_killed_at_any_moment_current_is_whole(
    make_job: Any, perform: Any, target: Path, count: Callable[[str, int], None]
) -> None:
    """The whole process group dies by SIGKILL, at moments spread over a deployment; each next one cleans up."""
    job = make_job(type="deploy", parameters={"strategy": "copy", "target": str(target), "keep": 2})
    site(job.workspace, "0", files=400)
    before = time.monotonic()
    assert perform(job).outcome.status is StepStatus.SUCCESS
    duration = time.monotonic() - before
    chance, kills = random.Random(7), 25
    for number in range(1, kills + 1):
        site(job.workspace, str(number), files=400)
        command = Deploy().prepare(job)
        env = {**command.env, "ANSFLOW_OUTPUT": str(job.attempt_folder / "outputs")}
        process = subprocess.Popen(
            command.argv, env=env, cwd=job.workspace, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(command.stdin)
        process.stdin.close()
        try:
            process.wait(chance.uniform(0.3, 1.1) * duration)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert len(live(target)) == 1
        assert len(list((target / "current").rglob("*.txt"))) == 400
    assert perform(job).outcome.status is StepStatus.SUCCESS
    assert live(target) == {str(kills)}
    assert not list(target.glob(".incoming-*"))
    count("deployments killed by SIGKILL, current whole", kills)


def test_every_deployment_is_recorded_once(make_job: Any, perform: Any, target: Path) -> None:
    environment = EnvironmentSpec(name="production", url="https://shop.example")
    job = make_job(
        type="deploy", parameters={"strategy": "copy", "target": str(target)}, environment=environment,
        context={"git": {"commit": "0123abcd"}},
    )  # fmt: skip
    site(job.workspace, "one")
    done = perform(job)
    from ansflow.plugins.contracts import Ended

    Deploy().conclude(job, Ended(exit_code=0))
    (line,) = (job.data / "deployments" / "production.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["status"] == "success"
    assert record["release"] == done.outcome.outputs["release"]
    assert record["commit"] == "0123abcd"
    assert record["target"] == str(target)


def test_a_script_can_be_the_deployment_and_is_recorded(make_job: Any, perform: Any) -> None:
    environment = EnvironmentSpec(name="production", action="rollback")
    job = make_job('echo "$ANSFLOW_DEPLOY_ACTION"; exit 4', type="deploy", environment=environment)
    done = perform(job)
    assert done.log == "rollback\n"
    assert done.outcome.message == "Exited with code 4."
    record = json.loads((job.data / "deployments" / "production.jsonl").read_text())
    assert (record["status"], record["execution"]) == ("failed", 1)


@pytest.mark.parametrize(
    "spec, said",
    [
        ({}, "needs a strategy or a script"),
        ({"parameters": {"strategy": "copy"}}, "needs a target"),
        ({"run": ("true",), "parameters": {"keep": 3}}, "keep says nothing to a script"),
    ],
)
def test_a_deploy_step_has_a_strategy_or_a_script(spec: dict[str, Any], said: str) -> None:
    (problem,) = Deploy().check(StepSpec(id="d", type="deploy", **spec))
    assert said in problem.message


@pytest.mark.parametrize("strategy", ["docker", "kubernetes", "helm", "ansible"])
def test_what_cannot_be_done_is_refused_before_the_run(strategy: str) -> None:
    (problem,) = Deploy().check(StepSpec(id="d", type="deploy", parameters={"strategy": strategy, "target": "x"}))
    assert f"strategy {strategy} is not available here" in problem.message


@pytest.mark.parametrize(
    "target",
    ["shop.example:/srv", "deploy@-oProxyCommand=x:/srv", "deploy@shop.example", "ssh://a@b:99999/x", "a@b:relative"],
)
def test_a_malformed_ssh_target_is_refused_before_the_run(target: str) -> None:
    (problem,) = Deploy().check(StepSpec(id="d", type="deploy", parameters={"strategy": "ssh", "target": target}))
    assert "user@host:/folder" in problem.message
