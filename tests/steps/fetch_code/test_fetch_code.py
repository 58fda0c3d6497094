from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansflow.core.errors import InvalidSpec, NotAvailable
from ansflow.core.status import Reason, StepStatus
from ansflow.plugins.git.address import parse_address
from ansflow.plugins.registry import step_type


@pytest.fixture
def fetch(make_job: Any, perform: Any) -> Any:
    """Carries a fetch out, and gives what was done with the workspace."""

    def carry_out(secrets: dict[str, str] | None = None, **wanted: Any) -> Any:
        about_the_job = {name: wanted.pop(name) for name in ("context", "base", "env", "attempt") if name in wanted}
        given = secrets or {}
        job = make_job(type="fetch_code", parameters=wanted, secrets=given, **about_the_job)
        return perform(replace(job, spec=replace(job.spec, secrets=tuple(given))))

    return carry_out


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def files(folder: Path) -> list[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.as_posix() for path in paths if path.parts[0] != ".git")


# ── what is fetched ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_default_branch_is_checked_out_and_told(fetch, shop, workspace):
    done = fetch(repository=str(shop.path))
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert files(workspace) == ["docs/guide", "readme", "src/app"]
    assert done.outcome.outputs == {
        "commit": shop.git("rev-parse", "main"),
        "branch": "main",
        "author": "Ann",
        "author_email": "ann@example.org",
        "committed_at": shop.git("log", "-1", "--format=%cI"),
        "message": "third",
    }
    assert f"Checked out main at {shop.git('rev-parse', 'main')[:12]}: third" in done.log


@pytest.mark.parametrize(
    ("ref", "found"),
    [("feature/cart", ("two\n", "feature/cart")), ("v1.0", ("one\n", "")), ("refs/tags/v1.0", ("one\n", ""))],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_a_branch_or_a_tag_may_be_named(fetch, shop, ref, found, depth):
    done = fetch(repository=str(shop.path), ref=ref, depth=depth)
    assert (done.workspace.joinpath("readme").read_text(), done.outcome.outputs["branch"]) == found


@pytest.mark.parametrize(("length", "depth"), [(40, 0), (40, 1), (8, 0), (8, 1)])
def test_a_commit_may_be_named_whole_or_short(fetch, shop, workspace, length, depth):
    commit = shop.git("rev-parse", "main~1")
    done = fetch(repository=str(shop.path), ref=commit[:length], depth=depth)
    assert done.outcome.outputs["commit"] == commit, done.log
    assert (workspace / "readme").read_text() == "two\n"


def test_depth_cuts_the_history(fetch, shop, workspace):
    fetch(repository=str(shop.path), depth=2)
    assert (workspace / ".git" / "shallow").exists()
    assert len((workspace / ".git" / "shallow").read_text().split()) == 1


def test_without_depth_every_branch_and_tag_is_there(fetch, shop, workspace):
    fetch(repository=str(shop.path))
    heads = type(shop)(workspace).git("for-each-ref", "--format=%(refname)")
    assert {"refs/remotes/origin/feature/cart", "refs/remotes/origin/main", "refs/tags/v1.0"} <= set(heads.split())


def test_sparse_brings_only_the_folders_named_and_the_files_at_the_top(fetch, shop, workspace):
    shop.commit("deep", src__deep__x="x", src__other__y="y", other__z="z")
    done = fetch(repository=str(shop.path), sparse=["docs", "src/deep"])
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert files(workspace) == ["docs/guide", "readme", "src/app", "src/deep/x"]


def test_path_is_the_folder_to_check_out_into(fetch, shop, workspace):
    fetch(repository=str(shop.path), path="third_party/shop")
    assert (workspace / "third_party" / "shop" / "readme").exists()


def test_a_checkout_is_updated_and_files_that_are_gone_go(fetch, shop, workspace):
    fetch(repository=str(shop.path), ref="v1.0")
    (workspace / "readme").write_text("touched by a step")
    shop.git("rm", "--quiet", "src/app")
    shop.commit("fourth", new="new\n")
    done = fetch(repository=str(shop.path), attempt=2)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert files(workspace) == ["docs/guide", "new", "readme"]
    assert (workspace / "readme").read_text() == "three\n"


def test_a_shallow_checkout_can_become_a_whole_one(fetch, shop, workspace):
    fetch(repository=str(shop.path), depth=1)
    done = fetch(repository=str(shop.path), attempt=2)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert not (workspace / ".git" / "shallow").exists()


def test_submodules_come_when_they_are_asked_for(fetch, shop, new_repository, workspace):
    inner = new_repository("inner")
    inner.commit("inner", deep="deep\n")
    lib = new_repository("lib")
    lib.commit("lib", lib="lib\n")
    lib.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner.path), "inner")
    lib.commit("with inner")
    shop.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(lib.path), "lib")
    shop.commit("with lib")
    fetch(repository=str(shop.path))
    assert not (workspace / "lib" / "lib").exists()
    fetch(repository=str(shop.path), submodules=True, attempt=2)
    assert (workspace / "lib" / "lib").exists() and not (workspace / "lib" / "inner" / "deep").exists()
    done = fetch(repository=str(shop.path), submodules="recursive", attempt=3)
    assert (workspace / "lib" / "inner" / "deep").read_text() == "deep\n", done.log


# ── how it is reached ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("depth", [0, 1])
def test_over_http(fetch, shop, serve_http, workspace, depth):
    done = fetch(repository=serve_http().url("shop"), depth=depth)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (workspace / "readme").read_text() == "three\n"


def test_over_https_with_a_login(fetch, shop, serve_http, certificate, workspace):
    host = serve_http(certificate, login="ann:s3cret-word")
    done = fetch(
        {"TOKEN": "ann:s3cret-word"},
        env={"GIT_SSL_CAINFO": str(certificate)},
        repository=host.url("shop"),
        credential="TOKEN",
    )
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (workspace / "readme").exists()


def test_a_token_alone_is_a_login(fetch, shop, serve_http):
    host = serve_http(login="x-access-token:t0ken")
    done = fetch({"TOKEN": "t0ken"}, repository=host.url("shop"), credential="TOKEN")
    assert done.outcome.status is StepStatus.SUCCESS, done.log


def test_the_login_is_left_nowhere(fetch, shop, serve_http, workspace, tmp_path):
    host = serve_http(login="ann:s3cret-word")
    done = fetch({"TOKEN": "ann:s3cret-word"}, repository=host.url("shop"), credential="TOKEN")
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert "s3cret-word" not in done.log
    assert b"s3cret-word" not in done.command.stdin
    assert "s3cret-word" not in " ".join(done.command.argv)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and b"s3cret-word" in path.read_bytes()]
    assert left == []


def test_over_ssh_with_a_key(fetch, shop, sshd, workspace):
    done = fetch({"KEY": sshd.key}, repository=sshd.url("shop"), credential="KEY", known_hosts=sshd.known_hosts)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (workspace / "readme").exists()


def test_a_key_without_its_last_line_break_works_too(fetch, shop, sshd):
    key = sshd.key.strip().replace("\n", "\r\n")
    done = fetch({"KEY": key}, repository=sshd.url("shop"), credential="KEY", known_hosts=sshd.known_hosts)
    assert done.outcome.status is StepStatus.SUCCESS, done.log


def test_a_step_that_is_stopped_leaves_no_key_behind(make_job, sshd, tmp_path):
    """The other side takes the call and never answers; the step is stopped in the middle of it."""
    (tmp_path / "tmp").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ssh://git@127.0.0.1:{silent.getsockname()[1]}/x"
        wanted = {"repository": url, "credential": "KEY", "known_hosts": sshd.known_hosts}
        job = make_job(
            type="fetch_code", parameters=wanted, secrets={"KEY": sshd.key}, env={"TMPDIR": str(tmp_path / "tmp")}
        )
        command = step_type("fetch_code").prepare(replace(job, spec=replace(job.spec, secrets=("KEY",))))
        env = {**command.env, "KEY": sshd.key}
        process = subprocess.Popen(command.argv, stdin=subprocess.PIPE, env=env, start_new_session=True)
        process.stdin.write(command.stdin)
        process.stdin.close()
        call, _ = silent.accept()
        assert [path.name for path in (tmp_path / "tmp").glob("ansflow-git-*/key")] == ["key"]
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(timeout=20) == 143
        call.close()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_over_the_git_protocol(fetch, shop, git_daemon, workspace):
    done = fetch(repository=f"{git_daemon}/shop", depth=1)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert (workspace / "readme").exists()


def test_a_path_is_read_from_where_the_pipeline_file_stands(fetch, shop, tmp_path, workspace):
    (tmp_path / "project").mkdir()
    done = fetch(repository="../repositories/shop", base=tmp_path / "project")
    assert done.outcome.status is StepStatus.SUCCESS, done.log


# ── the repository of the pipeline file ──────────────────────────────────────────────────────────────────────────

ON_MY_MACHINE = {"git": {"working_tree": True}}


def test_without_repository_the_working_tree_comes_with_what_is_not_committed(fetch, shop, workspace):
    shop.commit("ignore", _dot_gitignore="*.log\n")
    shop.path.joinpath("readme").write_text("changed\n")
    shop.path.joinpath("staged").write_text("staged\n")
    shop.git("add", "staged")
    shop.path.joinpath("new file").write_text("new\n")
    shop.path.joinpath("noise.log").write_text("ignored\n")
    shop.path.joinpath("docs/guide").unlink()
    done = fetch(context=ON_MY_MACHINE, base=shop.path / "src")
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert files(workspace) == [".gitignore", "new file", "readme", "src/app", "staged"]
    assert (workspace / "readme").read_text() == "changed\n"
    assert "Took what is not committed: 3 changed files, 1 new file." in done.log
    assert done.outcome.outputs["branch"] == "main"


def test_a_file_that_became_a_folder_and_the_other_way_round(fetch, shop, workspace):
    shutil.rmtree(shop.path / "src")
    shop.path.joinpath("src").write_text("now a file")
    shop.path.joinpath("readme").unlink()
    shop.path.joinpath("readme").mkdir()
    shop.path.joinpath("readme/part").write_text("now a folder")
    done = fetch(context=ON_MY_MACHINE, base=shop.path)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert files(workspace) == ["docs/guide", "readme/part", "src"]


def test_a_detached_head_is_taken_though_no_branch_leads_to_it(fetch, shop, workspace):
    shop.git("checkout", "--quiet", "--detach")
    commit = shop.commit("stray", readme="stray\n")
    done = fetch(context=ON_MY_MACHINE, base=shop.path)
    assert (done.outcome.outputs.get("commit"), done.outcome.outputs.get("branch")) == (commit, ""), done.log
    assert (workspace / "readme").read_text() == "stray\n"


def test_a_worktree_is_a_working_tree_too(fetch, shop, workspace, tmp_path):
    tree = tmp_path / "tree"
    shop.git("worktree", "add", "--quiet", str(tree), "feature/cart")
    (tree / "new").write_text("new")
    done = fetch(context=ON_MY_MACHINE, base=tree)
    assert done.outcome.outputs["branch"] == "feature/cart", done.log
    assert files(workspace) == ["docs/guide", "new", "readme", "src/app"]
    assert set(done.command.reads) == {str(tree), str(shop.path / ".git")}


def test_a_step_in_a_sandbox_is_shown_what_it_reads(make_job, shop):
    job = make_job(type="fetch_code", base=shop.path / "src", context=ON_MY_MACHINE)
    assert step_type("fetch_code").prepare(job).reads == (str(shop.path),)
    job = make_job(type="fetch_code", base=shop.path.parent, parameters={"repository": "shop"})
    assert step_type("fetch_code").prepare(job).reads == (str(shop.path),)
    job = make_job(type="fetch_code", parameters={"repository": "https://git.example/x"})
    assert step_type("fetch_code").prepare(job).reads == ()


def test_a_run_for_an_event_takes_the_commit_and_nothing_else(fetch, shop, workspace):
    shop.path.joinpath("readme").write_text("changed\n")
    context = {"git": {"working_tree": False, "branch": "feature/cart"}}
    fetch(context=context, base=shop.path)
    assert (workspace / "readme").read_text() == "two\n"


def test_a_repository_without_a_commit_is_taken_as_it_stands(fetch, new_repository, workspace):
    fresh = new_repository("fresh")
    fresh.path.joinpath("a").write_text("a")
    done = fetch(context=ON_MY_MACHINE, base=fresh.path)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert files(workspace) == ["a"]
    assert done.outcome.outputs["commit"] == ""


def test_a_folder_that_is_no_repository_is_copied_and_the_log_says_so(fetch, tmp_path, workspace):
    base = tmp_path / "plain"
    (base / "sub").mkdir(parents=True)
    (base / "sub" / "a").write_text("a")
    (base / "link").symlink_to("sub")
    done = fetch(context=ON_MY_MACHINE, base=base)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert files(workspace) == ["link", "sub/a"] or files(workspace) == ["sub/a"]
    assert (workspace / "link").is_symlink()
    assert "is no Git repository: its files are copied as they are." in done.log
    assert "Copied 2 files" in done.log


def test_the_data_folder_inside_a_project_is_not_copied_into_itself(fetch, tmp_path, make_job):
    (tmp_path / "a").write_text("a")
    done = fetch(context=ON_MY_MACHINE, base=tmp_path)
    assert done.outcome.status is StepStatus.SUCCESS, done.log
    assert not (tmp_path / "workspace" / "workspace").exists()
    assert not (tmp_path / "workspace" / "data").exists()


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────


def refused(done: Any) -> str:
    assert (done.outcome.status, done.outcome.reason) == (StepStatus.FAILED, Reason.EXIT_CODE), done.log
    assert "Traceback" not in done.log
    return str(done.outcome.message)


def test_a_repository_that_is_not_there(fetch, serve_http, git_daemon, tmp_path):
    (tmp_path / "repositories").mkdir(exist_ok=True)
    url = serve_http().url("nothing")
    expected = f"There is no repository at {url}, or it may not be read; name a secret with `credential` to log in."
    assert refused(fetch(repository=url)) == expected
    assert refused(fetch(repository=f"{git_daemon}/nothing", attempt=2)).startswith("There is no repository at git://")
    assert refused(fetch(repository="/nowhere/at/all", attempt=3)) == (
        "There is no repository at /nowhere/at/all: no such folder."
    )
    (tmp_path / "empty").mkdir()
    assert "There is no repository at" in refused(fetch(repository=str(tmp_path / "empty"), attempt=4))


def test_a_ref_that_does_not_exist_is_answered_with_the_nearest(fetch, shop):
    message = refused(fetch(repository=str(shop.path), ref="feature/card"))
    assert message == f"{shop.path} has no branch, tag or commit 'feature/card'. Did you mean 'feature/cart'?"


def test_a_commit_that_does_not_exist(fetch, shop):
    assert "has no commit 'abcdef1234'" in refused(fetch(repository=str(shop.path), ref="abcdef1234"))
    assert "has no commit" in refused(fetch(repository=str(shop.path), ref="a" * 40, depth=1, attempt=2))


def test_an_empty_repository(fetch, new_repository):
    assert "is empty: it has no commit" in refused(fetch(repository=str(new_repository("empty").path)))


def test_a_login_that_is_wanted_or_refused(fetch, shop, serve_http):
    host = serve_http(login="ann:right")
    asked = refused(fetch(repository=host.url("shop")))
    assert asked == f"127.0.0.1:{host.port} asks for a login; name a secret with `credential` to log in."
    wrong = refused(fetch({"TOKEN": "ann:wrong"}, repository=host.url("shop"), credential="TOKEN", attempt=2))
    assert wrong == f"127.0.0.1:{host.port} refused the login with the credential 'TOKEN'."


def test_a_server_that_is_down_or_broken(fetch, serve_http):
    assert "could not be reached" in refused(fetch(repository="git://127.0.0.1:9/x")).lower()
    assert "Couldn't connect to server" in refused(fetch(repository="http://127.0.0.1:9/x", attempt=2))
    broken = refused(fetch(repository=serve_http(status=503).url("x"), attempt=3))
    assert "answered with an error of its own (503)" in broken
    assert "has no address" in refused(fetch(repository="https://no-such-host.invalid/x", attempt=4))


def test_a_certificate_that_is_not_trusted(fetch, shop, serve_http, certificate):
    message = refused(fetch(repository=serve_http(certificate).url("shop")))
    assert "The TLS certificate of 127.0.0.1" in message and "is not trusted here" in message


def test_ssh_refuses_unknown_hosts_other_keys_and_wrong_keys(fetch, shop, sshd, tmp_path):
    other = sshd.known_hosts[:-12] + "AAAAAAAAAAAA"
    url = sshd.url("shop")
    unknown = refused(
        fetch({"KEY": sshd.key}, repository=url, credential="KEY", known_hosts="example.org ssh-rsa AAAA")
    )
    assert "is not known here, so it is not trusted" in unknown
    changed = refused(fetch({"KEY": sshd.key}, repository=url, credential="KEY", known_hosts=other, attempt=2))
    assert "shows another host key" in changed
    stranger = (tmp_path / "sshd" / "host").read_text()
    denied = refused(
        fetch({"KEY": stranger}, repository=url, credential="KEY", known_hosts=sshd.known_hosts, attempt=3)
    )
    assert denied == f"127.0.0.1:{sshd.port} refused the login over ssh with the credential 'KEY'."


@pytest.mark.parametrize(
    ("repository", "secret", "sentence"),
    [
        ("http://git.example/x", "ann:word", "never sent over http"),
        ("git://git.example/x", "ann:word", "never sent over git"),
        (".", "ann:word", "needs no credential"),
        ("git@git.example:x", "ann:word", "is no private key"),
        ("https://git.example/x", "ann:word\nhost=evil.example", "has several lines"),
    ],
)
def test_a_secret_goes_only_where_it_belongs(fetch, repository, secret, sentence):
    assert sentence in refused(fetch({"TOKEN": secret}, repository=repository, credential="TOKEN"))


@pytest.mark.parametrize("address", [
    "https://git.example/a/b.git", "https://git.example:8443/a?x=y", "http://127.0.0.1/x", "git://h/x", "ssh://h/x",
    "ssh://git@h:22/~ann/x", "git@h:a/b.git", "h:x", "git@[::1]:x", "https://[::1]:8443/x", "../x", "./a:b", "/srv/x",
    "~/x", "a/b:c", "x", "https://git.example/a%20b", "https://git.example/组/项目",
])  # fmt: skip
def test_what_people_write_is_let_through(address):
    assert parse_address(address).text == address


def test_lfs_without_git_lfs_is_refused_with_the_way_to_get_it(make_job, shop, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(shutil.which("git"))
    job = make_job(type="fetch_code", parameters={"repository": str(shop.path), "lfs": True},
                   env={"PATH": str(tmp_path / "bin")})  # fmt: skip
    with pytest.raises(NotAvailable, match=r"needs git-lfs, which is not installed here.*apt-get install git-lfs"):
        step_type("fetch_code").prepare(job)


def test_a_missing_git_is_refused_with_the_way_to_get_it(make_job):
    job = make_job(type="fetch_code", parameters={"repository": "https://h/x"}, env={"PATH": "/nowhere"})
    with pytest.raises(NotAvailable, match="git is not installed here"):
        step_type("fetch_code").prepare(job)


def test_a_script_is_refused(make_job):
    with pytest.raises(InvalidSpec, match="runs no script"):
        step_type("fetch_code").prepare(make_job("make", type="fetch_code"))
