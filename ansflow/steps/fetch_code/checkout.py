"""Fetches what was asked for and checks it out: the same way into an empty folder and over an older checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansflow.core.errors import ExternalError, InvalidSpec, NotFound, Problem
from ansflow.plugins.git.address import COMMIT, Address, parse_address
from ansflow.plugins.git.refs import Wanted, resolve
from ansflow.plugins.git.running import Git, Login, check_login, require_git
from ansflow.steps.fetch_code.own import OwnRepository, copy_folder, find_own
from ansflow.steps.fetch_code.tree import forget_settings, remove_submodules, unlink_outside

EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
FACTS = {"commit": "%H", "author": "%an", "author_email": "%ae", "committed_at": "%cI", "message": "%s"}


def fetch(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The work of the step. Answers with its outputs."""
    target = _target(Path(parameters["workspace"]), parameters.get("path") or ".")
    base = Path(parameters["base"])
    if parameters.get("repository"):
        return {"outputs": _fetch(parameters, target, base, None)}
    own = find_own(base)
    if own is None:
        print(f"{base} is no Git repository: its files are copied as they are.")
        copy_folder(base, target, [Path(path) for path in parameters["leave_out"]])
        return {"outputs": dict.fromkeys((*FACTS, "branch"), "")}
    if own.commit or not parameters["working_tree"]:
        return {"outputs": _fetch(parameters, target, base, own)}
    print(f"{own.top} has no commit yet: its files are taken as they are.")
    own.copy_changes(target, [Path(path) for path in parameters["leave_out"]])
    return {"outputs": dict.fromkeys(FACTS, "") | {"branch": own.branch}}


def _fetch(parameters: Mapping[str, Any], target: Path, base: Path, own: OwnRepository | None) -> dict[str, str]:
    address = Address(str(own.top), "path") if own else _address(str(parameters["repository"]), base)
    login = _login(parameters)
    check_login(login, address)
    forget_settings(target)
    readable = [Path(address.text), Path(address.text, ".git")] if address.transport == "path" else []
    lfs = parameters.get("lfs") is True
    with Git(folder=target, address=address, login=login, lfs=lfs, readable=readable) as git:
        require_git(git)
        git.run("init", "--quiet")
        remove_submodules(target, git.read("ls-files", "-z", "--stage").split("\0"))
        git.run("config", "remote.origin.url", address.text)
        git.run("config", "remote.origin.fetch", EVERYTHING[0])
        print(f"Fetching {address.text}")
        as_it_stands = own is not None and parameters["working_tree"]
        wanted = Wanted(commit=own.commit) if own and as_it_stands else resolve(git, str(parameters["ref"] or ""))
        commit = _bring(git, wanted, int(parameters.get("depth") or 0))
        branch = own.branch if own and as_it_stands else wanted.branch
        _check_out(git, commit, branch, parameters)
        if own and as_it_stands:
            own.copy_changes(target, [Path(path) for path in parameters["leave_out"]])
        if parameters.get("links") != "all":
            unlink_outside(target, git.read("ls-files", "-z", "--stage").split("\0"))
        return _outputs(git, commit) | {"branch": branch}


def _address(text: str, base: Path) -> Address:
    address = parse_address(text)
    if address.transport != "path":
        return address
    path = (base / Path(text).expanduser()).resolve()
    if not path.is_dir():
        raise NotFound(f"There is no repository at {path}: no such folder.")
    return Address(str(path), "path")


def _login(parameters: Mapping[str, Any]) -> Login:
    if given := parameters.get("login"):
        login = Login(**given)
        return replace(login, known_hosts=str(parameters.get("known_hosts") or login.known_hosts))
    name, hosts = str(parameters.get("credential") or ""), str(parameters.get("known_hosts") or "")
    if name and not os.environ.get(name):
        message = f"The secret {name!r} is empty or was not given to this step."
        raise InvalidSpec([Problem(code="unknown_secret", message=message, path=("with", "credential"))])
    return Login(name=name, secret=os.environ.get(name, "") if name else "", known_hosts=hosts)


def _target(workspace: Path, path: str) -> Path:
    """The folder to check out into; a link must not lead out of the workspace."""
    target = (workspace / path).resolve()
    if not target.is_relative_to(workspace.resolve()):
        raise NotFound(f"path: {path!r} leads out of the workspace, through a symbolic link.")
    target.mkdir(parents=True, exist_ok=True)
    return target


def _bring(git: Git, wanted: Wanted, depth: int) -> str:
    """Fetches, and answers with the full commit id."""
    address = git.address.text
    if depth and (wanted.name or COMMIT.fullmatch(wanted.commit)):
        spec = f"+{wanted.name}:{wanted.local}" if wanted.name else wanted.commit
        try:
            git.run("fetch", "--progress", "--no-tags", f"--depth={depth}", "--", address, spec, talk=True)
        except ExternalError as error:
            if wanted.name or not error.permanent:
                raise
            print("The other side gives no single commit: fetching the whole history.")
        else:
            return _commit(git, wanted)
    extra = () if wanted.branch or not wanted.name else (f"+{wanted.name}:{wanted.local}",)
    unshallow = ("--unshallow",) if git.ask("rev-parse", "--is-shallow-repository") == "true" else ()
    git.run("fetch", "--progress", "--no-tags", *unshallow, "--", address, *EVERYTHING, *extra, talk=True)
    if COMMIT.fullmatch(wanted.commit) and not git.ask(
        "rev-parse", "--verify", "--quiet", f"{wanted.commit}^{{commit}}"
    ):
        _bring_stray(git, wanted.commit)
    return _commit(git, wanted)


def _bring_stray(git: Git, commit: str) -> None:
    """A commit that no branch or tag leads to, such as a detached HEAD; whether it is given is up to the other side."""
    try:
        git.run("fetch", "--progress", "--no-tags", "--", git.address.text, commit, talk=True)
    except ExternalError as error:
        if not error.permanent:
            raise
        print("The other side does not give that commit by itself.")


def _commit(git: Git, wanted: Wanted) -> str:
    found = git.ask("rev-parse", "--verify", "--quiet", f"{wanted.local or wanted.commit}^{{commit}}")
    if not found:
        raise NotFound(f"{git.address.text} has no commit {wanted.local or wanted.commit!r} on any branch or tag.")
    return found


def _check_out(git: Git, commit: str, branch: str, parameters: Mapping[str, Any]) -> None:
    _write_sparse(git, parameters.get("sparse") or ())
    where = ("--no-track", "-B", branch) if branch else ("--detach",)
    git.run("checkout", "--quiet", "--force", *where, commit)
    if branch:
        git.run("config", f"branch.{branch}.remote", "origin")
        git.run("config", f"branch.{branch}.merge", f"refs/heads/{branch}")
    if submodules := parameters.get("submodules"):
        depth = (f"--depth={parameters['depth']}",) if parameters.get("depth") else ()
        deep = ("--recursive",) if submodules == "recursive" else ()
        git.run("submodule", "update", "--init", "--checkout", "--force", "--progress", *deep, *depth, talk=True)
    if git.lfs:
        git.run("lfs", "pull", talk=True)
    print(f"Checked out {branch or 'commit'} at {commit[:12]}: {git.ask('log', '-1', '--format=%s', commit)}")


def _write_sparse(git: Git, folders: Sequence[str]) -> None:
    """As `git sparse-checkout` in cone mode, which would put settings where we do not want them."""
    if not folders:
        return
    lines = ["/*", "!/*/"]
    for folder in folders:
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        for depth in range(1, len(parts) + 1):
            place = "/".join(parts[:depth])
            lines += [f"/{place}/"] if depth == len(parts) else [f"/{place}/", f"!/{place}/*/"]
    rules = git.folder / ".git" / "info" / "sparse-checkout"
    rules.parent.mkdir(exist_ok=True)
    rules.write_text("\n".join(dict.fromkeys(lines)) + "\n")
    git.run("config", "core.sparseCheckout", "true")
    git.run("config", "core.sparseCheckoutCone", "true")


def _outputs(git: Git, commit: str) -> dict[str, str]:
    return {
        name: git.read("log", "-1", "--no-show-signature", f"--format={form}", commit).strip()
        for name, form in FACTS.items()
    }
