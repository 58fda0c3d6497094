"""What a ref stands for on the other side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansflow.core.errors import NotFound
from ansflow.core.schema import nearest
from ansflow.plugins.git.address import BAD_REF, SHORT_COMMIT
from ansflow.plugins.git.running import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `ref` turned out to be: a full ref of the other side, or a commit when `name` is empty."""

    name: str = ""
    commit: str = ""

    @property
    def branch(self) -> str:
        return self.name.removeprefix("refs/heads/") if self.name.startswith("refs/heads/") else ""

    @property
    def local(self) -> str:
        """Where the ref stands on our side."""
        return f"refs/remotes/origin/{self.branch}" if self.branch else self.name


def listed(git: Git) -> tuple[dict[str, str], str]:
    """The commits of all refs of the other side by their full names, and which of them HEAD is; "" where it is none."""
    refs: dict[str, str] = {}
    head = ""
    for line in git.read("ls-remote", "--symref", "--", git.address.text, talk=True).splitlines():
        left, _, name = line.partition("\t")
        if left.startswith("ref: ") and name == "HEAD":
            head = left.removeprefix("ref: ")
        else:
            refs[name] = left
    return refs, head


def resolve(git: Git, ref: str) -> Wanted:
    """Branch before tag before commit, as people mean it."""
    refs, head = listed(git)
    if not ref:
        return _default(git, refs, head)
    for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref if ref.startswith("refs/") else ""):
        if name in refs:
            return Wanted(name=name, commit=refs[name])
    if SHORT_COMMIT.fullmatch(ref):
        return Wanted(commit=ref)
    known = [name.split("/", 2)[2] for name in refs if name.startswith(("refs/heads/", "refs/tags/"))]
    raise NotFound(f"{git.address.text} has no branch, tag or commit {ref!r}. {nearest(ref, known)}".rstrip())


def _default(git: Git, refs: Mapping[str, str], head: str) -> Wanted:
    if head in refs and not BAD_REF.search(head.removeprefix("refs/heads/")):
        return Wanted(name=head, commit=refs[head])
    if "HEAD" in refs:
        return Wanted(commit=refs["HEAD"])
    raise NotFound(f"{git.address.text} is empty: it has no commit to check out.")
