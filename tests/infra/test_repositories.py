"""Single files are read from real Git hosts, and nothing of a host that was not judged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansflow.core.errors import AnsFlowError, ExternalError, NotFound
from ansflow.infra.repositories import check_file, revision
from ansflow.plugins.git.address import BadAddress
from ansflow.plugins.git.running import Login
from ansflow.plugins.outbound import Outbound
from tests.git_hosts import HttpHost, Repository, SshHost, certificate, new_repository, serve_http, sshd

__all__ = ["certificate", "new_repository", "serve_http", "sshd"]

Serve = Callable[..., HttpHost]


@pytest.fixture
def code(new_repository: Callable[[str], Repository]) -> Repository:
    repository = new_repository("code")
    repository.commit("first", _dot_ansflow_dot_yml="steps: {old: {run: x}}\n")
    repository.git("tag", "v1")
    (repository.path / "link.yml").symlink_to("/etc/passwd")
    repository.commit("second", _dot_ansflow_dot_yml="steps: {new: {run: x}}\n", ci__t_dot_yml="é\n")
    return repository


def allowed(port: int) -> Outbound:
    return Outbound([f"127.0.0.1:{port}"])


def test_a_file_is_read_at_a_branch_a_tag_and_a_commit(code: Repository, serve_http: Serve):
    host = serve_http()
    first = code.git("rev-parse", "HEAD~1")
    code.git("config", "uploadpack.allowReachableSHA1InWant", "true")
    for ref, text in {"": "new", "main": "new", "v1": "old", first: "old"}.items():
        with revision(host.url("code"), ref=ref, outbound=allowed(host.port)) as found:
            assert text in found.text(".ansflow.yml")
            assert found.commit == (first if text == "old" else code.git("rev-parse", "HEAD"))
            assert found.branch == ("main" if ref in ("", "main") else "")


def test_only_the_files_that_are_asked_for_are_fetched(code: Repository, serve_http: Serve):
    code.git("config", "uploadpack.allowFilter", "true")
    host = serve_http()
    with revision(host.url("code"), outbound=allowed(host.port)) as found:
        missing = found._git.read("rev-list", "--objects", "--missing=print", found.commit).count("?")
        assert missing == 3
        assert found.text("ci/t.yml") == "é\n"


def test_over_https_with_a_login_that_goes_to_that_host_alone(
    code: Repository, serve_http: Serve, certificate: object, monkeypatch: pytest.MonkeyPatch
):
    host = serve_http(certificate, login="ann:s3cret-word")
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
    login = Login(name="host", secret="ann:s3cret-word")
    with revision(host.url("code"), login=login, outbound=allowed(host.port)) as found:
        assert "new" in found.text(".ansflow.yml")
    other = serve_http()
    host.redirect = f"http://127.0.0.1:{other.port}"
    with pytest.raises(ExternalError), revision(host.url("code"), login=login, outbound=allowed(host.port)):
        pass
    assert other.seen == []  # a redirect is not followed


def test_over_ssh_with_a_key(code: Repository, sshd: SshHost):
    login = Login(name="key", secret=sshd.key, known_hosts=sshd.known_hosts)
    with revision(sshd.url("code"), login=login, outbound=allowed(sshd.port)) as found:
        assert "new" in found.text(".ansflow.yml")


@pytest.mark.parametrize(
    "path", ["link.yml", "ci", "missing.yml", "ci/../.ansflow.yml", "/etc/passwd", "", "-x", ":(top)x"]
)
def test_what_is_no_file_of_the_repository_is_refused(code: Repository, serve_http: Serve, path: str):
    host = serve_http()
    with revision(host.url("code"), outbound=allowed(host.port)) as found, pytest.raises((NotFound, BadAddress)):
        found.text(path)


@pytest.mark.parametrize(
    "repository",
    ["/srv/code", "./code", "file:///srv/code", "git://example.org/x", "ssh://git@example.org/x", "ext::sh -c id",
     "https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest", "http://10.0.0.1/x",
     "https://ann:pw@example.org/x", "--upload-pack=id"],
)  # fmt: skip
def test_an_address_inside_or_of_this_machine_is_not_read(repository: str):
    with pytest.raises(AnsFlowError), revision(repository):
        pass


def test_a_ref_that_git_could_take_for_an_option_is_refused(serve_http: Serve):
    host = serve_http()
    with pytest.raises(BadAddress), revision(host.url("code"), ref="--upload-pack=id", outbound=allowed(host.port)):
        pass
    assert host.seen == []


def test_a_host_that_is_not_there_is_told_as_such(serve_http: Serve):
    host = serve_http(status=503)
    with pytest.raises(ExternalError, match="503") as refused, revision(host.url("x"), outbound=allowed(host.port)):
        pass
    assert not refused.value.permanent


def test_paths_begin_at_the_root():
    assert check_file("ci/pipeline.yml") == "ci/pipeline.yml"
    for path in ("../x", "a//b", "./a", "a/", "\n", "x" * 500):
        with pytest.raises(BadAddress):
            check_file(path)
