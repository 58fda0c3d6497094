"""What a local run knows of the repository it is started in: the trigger that a server would get from its Git host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ansflow.core.spec import Trigger


def filled_in(trigger: Trigger, folder: Path) -> Trigger:
    """The trigger with branch, commit, author and message of the checked-out commit, where it names none itself.

    Outside a repository, and in one without a commit, only the working tree is told of. Only plumbing is called: no
    hook, pager or configured program of the repository runs.
    """
    trigger = replace(trigger, working_tree=True)
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return trigger
    commit = _git(folder, "rev-parse", "--verify", "-q", "HEAD")
    if not commit:
        return trigger
    header, _, message = _git(folder, "cat-file", "commit", commit).partition("\n\n")
    author = next((line for line in header.splitlines() if line.startswith("author ")), "")
    branch = "" if trigger.tag else _git(folder, "symbolic-ref", "-q", "--short", "HEAD")
    return replace(
        trigger,
        branch=trigger.branch or branch,
        commit=trigger.commit or commit,
        author=trigger.author or author.removeprefix("author ").partition(" <")[0],
        message=trigger.message or message.strip(),
    )


def _git(folder: Path, *arguments: str) -> str:
    """What git prints; "" where it is missing or refuses."""
    import subprocess  # noqa: PLC0415 - 10 ms that only a run inside a repository pays

    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
