"""Addresses, refs and repositories that try to run a program, which leaves a witness, or to get hold of a login."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansflow.core.errors import AnsFlowError
from ansflow.plugins.git.address import Address, BadAddress, check_path, check_ref, parse_address
from ansflow.steps.fetch_code import checkout

# W is replaced by the path of the witness: whatever runs `touch W` has been tricked.
ADDRESSES = [
    "ext::sh -c touch% W",
    "ext::touch W",
    "EXT::touch W",
    "fd::3",
    "ext::sh%20-c%20touch%20W",
    "foo::https://git.example/x",
    "https::https://git.example/x",
    "::x",
    "file://W",
    "file:///etc",
    "FILE:///etc",
    "file:/etc/../x://",
    "ftp://git.example/x",
    "ftps://git.example/x",
    "rsync://git.example/x",
    "gopher://git.example/x",
    "dict://127.0.0.1:11/x",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/x",
    "javascript://alert",
    "-u touch W",
    "-utouch${IFS}W",
    "-uW",
    "--upload-pack=touch W",
    "--upload-pack=touch${IFS}W",
    "--exec=touch${IFS}W",
    "--config=core.sshCommand=touch${IFS}W",
    "-ccore.sshCommand=touch${IFS}W",
    "--help",
    "-",
    "--",
    "ssh://-oProxyCommand=touch${IFS}W/x",
    "ssh://-oProxyCommand=touch%20W@git.example/x",
    "ssh://-oProxyCommand=touch${IFS}W@127.0.0.1/x",
    "ssh://git@-oProxyCommand=touch${IFS}W/x",
    "ssh://git@127.0.0.1:-1/x",
    "ssh://git@127.0.0.1:22x/x",
    "ssh://git:password@127.0.0.1/x",
    "ssh://127.0.0.1",
    "ssh://$(touch W)/x",
    "ssh://`touch W`/x",
    "ssh://git@127.0.0.1;touch${IFS}W/x",
    "ssh+git://-oProxyCommand=touch${IFS}W/x",
    "git+ssh://-oProxyCommand=touch${IFS}W/x",
    "-oProxyCommand=touch${IFS}W:x",
    "git@-oProxyCommand=touch${IFS}W:x",
    "-oProxyCommand=x@127.0.0.1:x",
    "git@127.0.0.1:-oProxyCommand=touch",
    "git@127.0.0.1:--upload-pack=touch",
    "$(touch${IFS}W):x",
    "`touch${IFS}W`:x",
    "a;touch${IFS}W:x",
    "git@[::1;touch${IFS}W]:x",
    "git://-oProxyCommand=touch${IFS}W/x",
    "git://127.0.0.1:9/x\nhost=evil",
    "git://127.0.0.1:9/\r\nhost=evil",
    "https://ann:word@127.0.0.1:9/x",
    "https://ann@127.0.0.1:9/x",
    "https://@127.0.0.1:9/x",
    "https://git.example@127.0.0.1:9/x",
    "https://git.example\\@127.0.0.1:9/x",
    "https://-oProxyCommand=x/x",
    "https:///x",
    "https://127.0.0.1:99999/x",
    "https://127.0.0.1:9/x\n[core]sshCommand=touch W",
    "https://127.0.0.1:9/%0a%0dhost=evil x",
    "https://127.0.0.1:9/x\x00y",
    "https://127.0.0.1:9/x\u2028y",
    "https://[::1",
    "https://[::1]touch/x",
    "https://127.0.0.1:9",
    "HTTPS://127.0.0.1:9/x",
    "http://127.0.0.1:9?x=$(touch W)",
    "",
    " ",
    "\t",
    "x\ty",
]

REFS = [
    "--upload-pack=touch${IFS}W",
    "-utouch",
    "--help",
    "-f",
    "--",
    "a b",
    "a\nb",
    "a\x00b",
    "a\x7fb",
    "a..b",
    "a~1",
    "a^{/x}",
    ":/message",
    "HEAD:readme",
    "main:refs/heads/stolen",
    "+main",
    "refs/heads/*",
    "a?b",
    "[a]",
    "a\\b",
    "@{-1}",
    "main@{1}",
    "@",
    ".hidden",
    "a/.b",
    "a//b",
    "a/",
    "/a",
    "a.",
    "a.lock",
    "a.lock/b",
    "$(touch W)",
    "`touch W`",
    "; touch W",
    "| touch W",
    'zzz";touch${IFS}W;#',
]

ONLY_NAMES = {"+main", 'zzz";touch${IFS}W;#'}  # Git allows them, and a name is all that they are

PATHS = ["..", "../x", "a/../../x", "/etc", "/", ".git", "a/.git/hooks", ".GIT/x", "a\x00b"]


@pytest.fixture(autouse=True)
def counted(count: Callable[[str, int], None]) -> None:
    count("hostile addresses, refs, paths and repositories given to fetch_code", 1)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "witness"
    yield path
    assert not path.exists(), "a program was run"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The step's own work, without the checks that come before it; gives the message of the refusal, or ""."""
    (tmp_path / "workspace").mkdir(exist_ok=True)

    def carry_out(repository: str, *, unchecked: bool = False, **parameters: Any) -> str:
        if unchecked:
            monkeypatch.setattr(checkout, "parse_address", lambda text: Address(text, "https", "127.0.0.1:9"))
        given = {"workspace": str(tmp_path / "workspace"), "base": str(tmp_path), "repository": repository, "ref": ""}
        given |= {"leave_out": [], "working_tree": False}
        try:
            checkout.fetch(given | parameters)
        except (AnsFlowError, ValueError) as error:
            return str(error)
        return ""

    return carry_out


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_hostile_address_is_refused_and_even_unchecked_runs_nothing(address, witness, work):
    with pytest.raises(BadAddress):
        parse_address(address)
    if address := address.replace("W", str(witness)):
        assert work(address) != ""
        assert work(address, unchecked=True) != ""


@pytest.mark.parametrize("ref", REFS)
def test_a_hostile_ref_is_refused_and_even_unchecked_runs_nothing(ref, witness, work, shop):
    assert "has no branch, tag or commit" in work(str(shop.path), ref=ref.replace("W", str(witness)))
    if ref not in ONLY_NAMES:
        with pytest.raises(BadAddress):
            check_ref(ref)


@pytest.mark.parametrize("path", PATHS)
def test_a_hostile_path_is_refused(path):
    with pytest.raises(BadAddress):
        check_path(path)


# ── repositories ─────────────────────────────────────────────────────────────────────────────────────────────────


def submodule(shop: Any, config: str) -> None:
    """A gitlink and a .gitmodules of the attacker's making."""
    commit = shop.git("rev-parse", "HEAD")
    shop.path.joinpath(".gitmodules").write_text(config)
    shop.git("add", ".gitmodules")
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    shop.git("commit", "--quiet", "--message", "submodule")


GITMODULES = {
    "update runs a command": '[submodule "s"]\npath = sub\nurl = SHOP\nupdate = "!touch W"\n',
    "url is ext": '[submodule "s"]\npath = sub\nurl = "ext::sh -c touch% W"\n',
    "url is an option": '[submodule "s"]\npath = sub\nurl = "--upload-pack=touch W"\n',
    "url is a short option": '[submodule "s"]\npath = sub\nurl = "-utouch W"\n',
    "ssh option as host": '[submodule "s"]\npath = sub\nurl = "ssh://-oProxyCommand=touch${IFS}W/x"\n',
    "path is an option": '[submodule "s"]\npath = "--help"\nurl = SHOP\n',
    "name leads out": '[submodule "../../../x"]\npath = sub\nurl = SHOP\n',
    "name is a hook": '[submodule "../hooks"]\npath = sub\nurl = SHOP\n',
    "path ends in a carriage return": '[submodule "s"]\npath = "sub\r"\nurl = SHOP\n',
    "path holds a line break": '[submodule "s"]\npath = "sub\\nx"\nurl = SHOP\n',
    "url holds a line break": '[submodule "s"]\npath = sub\nurl = "SHOP\\n[core]sshCommand=touch W"\n',
    "url is file": '[submodule "s"]\npath = sub\nurl = "file://SHOP"\n',
    "branch is an option": '[submodule "s"]\npath = sub\nurl = SHOP\nbranch = "--upload-pack=touch W"\n',
}


@pytest.mark.parametrize("name", GITMODULES)
def test_hostile_submodules_run_nothing(name, witness, work, shop, tmp_path):
    config = GITMODULES[name].replace("W", str(witness)).replace("SHOP", str(shop.path))
    submodule(shop, config)
    work(str(shop.path), submodules="recursive")
    assert not (tmp_path / "x").exists()


PLANTED = {
    "fsmonitor": "[core]\nfsmonitor = touch W\n",
    "ssh command": "[core]\nsshCommand = touch W\n",
    "hooks folder": "[core]\nhooksPath = HOOKS\n",
    "editor and pager": "[core]\neditor = touch W\npager = touch W\n",
    "git proxy": "[core]\ngitProxy = touch W\n",
    "smudge filter": '[filter "x"]\nsmudge = touch W\nprocess = touch W\nrequired = true\n',
    "credential helper": "[credential]\nhelper = !touch W\n",
    "askpass": "[core]\naskPass = touch W\n",
    "insteadOf ext": '[url "ext::sh -c touch% W %S"]\ninsteadOf = /\n[protocol]\nallow = always\n',
    "include": "[include]\npath = EVIL\n",
    "upload pack": '[remote "origin"]\nuploadpack = touch W\nurl = SHOP\n',
    "remote vcs": '[remote "origin"]\nvcs = ext\nurl = "sh -c touch% W"\n',
    "alternate refs": "[core]\nalternateRefsCommand = touch W\n",
    "gpg program": "[gpg]\nprogram = touch W\n[log]\nshowSignature = true\n",
    "worktree elsewhere": "[core]\nworktree = ELSEWHERE\n",
    "external diff": "[diff]\nexternal = touch W\n",
    "alias": "[alias]\ncheckout = !touch W\n",
    "submodule update": '[submodule "s"]\nupdate = !touch W\nurl = SHOP\nactive = true\n',
}


@pytest.mark.parametrize("name", PLANTED)
def test_settings_that_an_earlier_step_planted_are_forgotten(name, witness, work, shop, tmp_path):
    shop.commit("filtered", _dot_gitattributes="* filter=x\n")
    assert work(str(shop.path), depth=1) == ""
    evil = f"[core]\nfsmonitor = touch {witness}\n"
    (tmp_path / "evil").write_text(evil)
    (tmp_path / "elsewhere").mkdir()
    names = {"W": witness, "HOOKS": hook_folder(tmp_path, witness), "EVIL": tmp_path / "evil", "SHOP": shop.path,
             "ELSEWHERE": tmp_path / "elsewhere"}  # fmt: skip
    text = PLANTED[name]
    for word, path in sorted(names.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(word, str(path))
    config = tmp_path / "workspace" / ".git" / "config"
    config.write_text(config.read_text() + text)
    shop.commit("more", more="more")
    assert work(str(shop.path), submodules=True) == ""
    assert (tmp_path / "workspace" / "more").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def hook_folder(tmp_path: Path, witness: Path) -> Path:
    folder = tmp_path / "planted-hooks"
    folder.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change", "post-merge"):
        (folder / name).write_text(f"#!/bin/sh\ntouch {witness}\n")
        (folder / name).chmod(0o755)
    return folder


def plant_hooks(git: Path, tmp_path: Path, witness: Path) -> None:
    (git / "hooks").mkdir(exist_ok=True)
    for hook in hook_folder(tmp_path, witness).iterdir():
        hook.rename(git / "hooks" / hook.name)


def plant_git_link(git: Path, tmp_path: Path, witness: Path) -> None:
    git.rename(tmp_path / "moved")
    plant_hooks(tmp_path / "moved", tmp_path, witness)
    git.symlink_to(tmp_path / "moved")


def plant_git_file(git: Path, tmp_path: Path, witness: Path) -> None:
    git.rename(tmp_path / "moved")
    (tmp_path / "moved" / "config").write_text(f"[core]\nfsmonitor = touch {witness}\n")
    git.write_text(f"gitdir: {tmp_path / 'moved'}\n")


def plant_linked_objects(git: Path, tmp_path: Path, witness: Path) -> None:
    (git / "objects").rename(tmp_path / "objects")
    (git / "objects").symlink_to(tmp_path / "objects")


def plant_common_folder(git: Path, tmp_path: Path, witness: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "config").write_text(f"[core]\nfsmonitor = touch {witness}\n")
    (git / "commondir").write_text(str(tmp_path / "common"))


def plant_worktree_settings(git: Path, tmp_path: Path, witness: Path) -> None:
    with (git / "config").open("a") as file:
        file.write("[extensions]\nworktreeConfig = true\n")
    (git / "config.worktree").write_text(f"[core]\nfsmonitor = touch {witness}\n")


def plant_alternates(git: Path, tmp_path: Path, witness: Path) -> None:
    (git / "objects" / "info").mkdir(exist_ok=True)
    (git / "objects" / "info" / "alternates").write_text("/etc\n")


PLANTERS = [plant_hooks, plant_git_link, plant_git_file, plant_linked_objects, plant_common_folder,
            plant_worktree_settings, plant_alternates]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTERS, ids=lambda plant: plant.__name__)
def test_a_git_folder_that_an_earlier_step_bent_runs_nothing(plant, witness, work, shop, tmp_path):
    assert work(str(shop.path)) == ""
    plant(tmp_path / "workspace" / ".git", tmp_path, witness)
    shop.commit("more", more="more")
    assert work(str(shop.path)) == ""
    assert (tmp_path / "workspace" / "more").exists()


TREES = {
    "a .git folder": ".git",
    "a .GIT folder": ".GIT",
    "the short name of .git": "git~1",
    ".git with an invisible letter": ".g\u200cit",
    "a step up": "..",
    "a dot": ".",
}


@pytest.mark.parametrize("name", TREES)
def test_a_tree_with_a_hostile_name_is_refused(name, witness, work, shop, tmp_path):
    (tmp_path / "hook").write_text(f"#!/bin/sh\ntouch {witness}\n")
    blob = shop.git("hash-object", "-w", str(tmp_path / "hook"))
    hook = raw_tree(shop, b"100755 post-checkout\0" + bytes.fromhex(blob))
    hooks = raw_tree(shop, b"40000 hooks\0" + bytes.fromhex(hook))
    top = raw_tree(shop, b"40000 " + TREES[name].encode() + b"\0" + bytes.fromhex(hooks))
    shop.git("update-ref", "refs/heads/main", shop.git("commit-tree", top, "-m", "evil"))
    assert work(str(shop.path)) != ""
    assert not (tmp_path / "hooks").exists()


def raw_tree(shop: Any, content: bytes) -> str:
    command = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
    return (
        subprocess.run(command, cwd=shop.path, input=content, capture_output=True, check=True).stdout.decode().strip()
    )


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "/", "sub/../../../x", "loop"])
def test_links_that_lead_out_become_plain_text(target, work, shop, tmp_path, capfd):
    (shop.path / "loop").symlink_to("loop")
    (shop.path / "link").symlink_to(target)
    (shop.path / "good").symlink_to("docs/guide")
    shop.commit("links")
    assert work(str(shop.path)) == ""
    workspace = tmp_path / "workspace"
    assert not (workspace / "link").is_symlink() and (workspace / "link").read_text() == target
    assert (workspace / "good").is_symlink()
    assert "would lead out of the checkout became plain text" in capfd.readouterr().out


@pytest.mark.parametrize("name", ["-x", "--help", "--upload-pack=touch"])
def test_a_default_branch_named_like_an_option_is_checked_out_by_its_commit(name, work, shop, tmp_path):
    shop.git("update-ref", f"refs/heads/{name}", "HEAD")
    (shop.path / ".git" / "HEAD").write_text(f"ref: refs/heads/{name}\n")
    assert work(str(shop.path)) == ""
    assert (tmp_path / "workspace" / "readme").exists()


VARIABLES = {
    "GIT_SSH_COMMAND": "touch W", "GIT_SSH": "W.sh", "GIT_ASKPASS": "W.sh", "GIT_PROXY_COMMAND": "W.sh",
    "GIT_EXTERNAL_DIFF": "W.sh", "GIT_EDITOR": "touch W", "GIT_PAGER": "touch W", "GIT_TEMPLATE_DIR": "TEMPLATES",
    "GIT_CONFIG_PARAMETERS": "'core.fsmonitor=touch W'", "GIT_CONFIG_GLOBAL": "EVIL", "GIT_CONFIG_SYSTEM": "EVIL",
    "GIT_EXEC_PATH": "TEMPLATES", "GIT_DIR": "TEMPLATES", "GIT_ALLOW_PROTOCOL": "ext",
}  # fmt: skip


@pytest.mark.parametrize("name", VARIABLES)
def test_variables_of_the_surroundings_do_not_reach_git(name, witness, work, shop, tmp_path, monkeypatch):
    (tmp_path / "evil").write_text(f"[core]\nfsmonitor = touch {witness}\n")
    script = Path(f"{witness}.sh")
    script.write_text(f"#!/bin/sh\ntouch {witness}\n")
    script.chmod(0o755)
    templates = tmp_path / "templates"
    templates.mkdir()
    hook_folder(tmp_path, witness).rename(templates / "hooks")
    value = VARIABLES[name].replace("TEMPLATES", str(templates)).replace("EVIL", str(tmp_path / "evil"))
    monkeypatch.setenv(name, value.replace("W", str(witness)))
    assert work(str(shop.path)) == ""


# ── logins and other hosts ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("TOKEN", "ann:s3cret-word")
    return {"credential": "TOKEN"}


def sent(host: Any) -> list[str]:
    return [header for header in host.seen if header]


def test_a_redirect_does_not_take_the_login_along(work, shop, serve_http, login):
    canary = serve_http(login="nobody:knows")
    honest = serve_http(redirect=f"http://127.0.0.1:{canary.port}")
    assert work(honest.url("shop"), **login) != ""
    assert canary.seen and sent(canary) == []


def test_a_redirect_after_the_login_does_not_take_it_along(work, shop, serve_http, login):
    canary = serve_http(login="nobody:knows")
    honest = serve_http(login="ann:s3cret-word")
    assert work(honest.url("shop"), **login) == ""
    honest.login, honest.redirect = "", f"http://127.0.0.1:{canary.port}"
    assert work(honest.url("shop"), **login) != ""
    assert sent(canary) == []


def test_a_submodule_on_another_host_does_not_get_the_login(work, shop, serve_http, login):
    canary = serve_http(login="nobody:knows")
    submodule(shop, f'[submodule "s"]\npath = sub\nurl = {canary.url("shop")}\n')
    honest = serve_http(login="ann:s3cret-word")
    assert work(honest.url("shop"), submodules=True, **login) != ""
    assert canary.seen and sent(canary) == []


def test_a_submodule_may_not_read_a_path_of_this_machine(work, shop, new_repository, serve_http, tmp_path):
    private = new_repository("private")
    private.commit("private", key="private key\n")
    submodule(shop, f'[submodule "s"]\npath = sub\nurl = {private.path}\n')
    assert "'file', which is not allowed" in work(serve_http().url("shop"), submodules=True)
    assert not (tmp_path / "workspace" / "sub" / "key").exists()
