"""`fetch_code` where the pipeline file stands in no folder: the project's repository, and logins of a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansflow.core.errors import InvalidSpec
from ansflow.core.spec import StepSpec
from ansflow.core.status import StepStatus
from ansflow.plugins.git.running import Login
from ansflow.plugins.registry import step_type

PASSWORD = "s3cret-word"


def job_of(make_job: Any, login: Login | None = None, repository: str = "", **wanted: Any) -> Any:
    """`repository` is that of the project; `wanted` what the step says."""
    about = {"repository": repository, "branch": wanted.pop("branch", ""), "commit": wanted.pop("commit", "")}
    job = make_job(type="fetch_code", parameters=wanted, context={"git": about})
    return replace(job, base=None, login=login)


def refused(make_job: Any, *arguments: Any, **wanted: Any) -> str:
    with pytest.raises(InvalidSpec) as error:
        step_type("fetch_code").prepare(job_of(make_job, *arguments, **wanted))
    (problem,) = error.value.problems
    return f"{problem.message} {problem.hint}".strip()


def test_a_pipeline_without_a_repository_is_told_so(make_job):
    said = refused(make_job)
    assert said == (
        "This pipeline has no repository to fetch. Name one in `with.repository`, or give the project its repository."
    )


@pytest.mark.parametrize("place", ["/etc", "../other", ".", "~/code", "file:///etc"])
def test_no_path_of_the_server_is_fetched(make_job, place):
    sentence = "Code is not fetched over" if place.startswith("file") else "a server fetches from addresses only"
    assert sentence in refused(make_job, repository=place)
    job = replace(job_of(make_job), parameters={**job_of(make_job).parameters, "repository": place})
    with pytest.raises(InvalidSpec, match=sentence):
        step_type("fetch_code").prepare(job)


def test_nobody_logs_in_with_the_keys_of_the_servers_user(make_job):
    assert "wants a key" in refused(make_job, repository="git@git.example:shop/api.git")


@pytest.mark.parametrize("host", ["git.example", "127.0.0.1:1", "127.0.0.1", "127.0.0.1.git.example"])
def test_a_login_is_for_its_own_host_and_port_alone(make_job, shop, serve_http, host):
    server = serve_http(login=f"ann:{PASSWORD}")
    login = Login(name="shop", secret=f"ann:{PASSWORD}", host=host)
    said = refused(make_job, login, repository=server.url("shop"))
    assert said == f"The credential 'shop' is for {host}, and the repository is at 127.0.0.1:{server.port}."
    assert server.seen == []


def test_a_login_is_never_sent_over_a_wire_that_others_read(make_job):
    login = Login(name="shop", secret=f"ann:{PASSWORD}", host="git.example")
    assert "never sent over http://" in refused(make_job, login, repository="http://git.example/shop.git")


def test_the_projects_repository_is_fetched_at_the_commit_of_the_run(make_job, perform, shop, serve_http, tmp_path):
    host = serve_http(login=f"ann:{PASSWORD}")
    login = Login(name="shop", secret=f"ann:{PASSWORD}", host=f"127.0.0.1:{host.port}")
    wanted = shop.git("rev-parse", "main~1")
    done = perform(job_of(make_job, login, repository=host.url("shop"), branch="main", commit=wanted))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (done.workspace / "readme").read_text() == "two\n"
    assert done.outcome.outputs["commit"] == wanted
    assert done.command.network == "open"
    assert PASSWORD not in done.log + " ".join(done.command.argv) + str(done.command.env)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert left == []


def test_without_a_commit_the_branch_of_the_run_is_fetched(make_job, perform, shop, serve_http):
    done = perform(job_of(make_job, repository=serve_http().url("shop"), branch="feature/cart"))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (done.workspace / "readme").read_text() == "two\n"


def test_over_ssh_with_the_key_and_the_host_keys_of_the_credential(make_job, perform, shop, sshd):
    host = f"127.0.0.1:{sshd.port}"
    login = Login(name="shop", secret=sshd.key, known_hosts=sshd.known_hosts, host=host)
    done = perform(job_of(make_job, login, repository=sshd.url("shop"), branch="main"))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (done.workspace / "readme").read_text() == "three\n"


def test_a_redirect_does_not_take_the_login_of_the_project_along(make_job, perform, shop, serve_http):
    canary = serve_http(login="nobody:knows")
    honest = serve_http(redirect=f"http://127.0.0.1:{canary.port}")
    login = Login(name="shop", secret=f"ann:{PASSWORD}", host=f"127.0.0.1:{honest.port}")
    done = perform(job_of(make_job, login, repository=honest.url("shop")))
    assert done.outcome.status is StepStatus.FAILED
    assert canary.seen and not any(canary.seen)


def test_which_login_a_step_wants_follows_from_what_it_says():
    def wants(secrets=(), **parameters):
        return step_type("fetch_code").login(StepSpec(id="x", parameters=parameters, secrets=secrets))

    elsewhere = "https://git.example/x"
    assert wants() == ""
    assert wants(repository=elsewhere) is None
    assert wants(credential="shop") == wants(repository=elsewhere, credential="shop") == "shop"
    assert wants(("TOKEN",), repository=elsewhere, credential="TOKEN") is None
