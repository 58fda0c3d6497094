"""Single files of a Git repository at a ref, read by the server itself: nothing is checked out, nothing is run.

Only https, http and ssh; the host is judged like every address that a user wrote (`plugins.outbound`), and git connects
to the judged address. Of the history one commit is fetched, and of the files only those that are asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ansflow.core.errors import ExternalError, NotFound, Problem
from ansflow.core.schema import Record
from ansflow.document.reader import Document, read
from ansflow.document.yaml import MAX_BYTES
from ansflow.plugins.git.address import BAD_REF, BadAddress, check_ref, parse_address
from ansflow.plugins.git.refs import listed, resolve
from ansflow.plugins.git.running import Git, Login, check_login, require_git
from ansflow.plugins.outbound import Outbound

SECONDS = 60.0
SECONDS_FOR_NAMES = 10.0  # a list, for which somebody waits in front of a form
TRANSPORTS = ("https", "http", "ssh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What one can ask a repository for, in order."""

    branches: tuple[str, ...]
    tags: tuple[str, ...]


class Revision:
    """One commit of a repository, as the files of a document (`document.templates.Files`). `texts` are those that
    were read as templates, by their paths."""

    def __init__(self, git: Git, commit: str, branch: str) -> None:
        self.commit = commit
        self.branch = branch
        self.texts: dict[str, str] = {}
        self._git = git

    def text(self, path: str) -> str:
        """Raises NotFound, BadAddress or ExternalError with a sentence about the file."""
        check_file(path)
        listed = self._git.read("ls-tree", "-z", "--full-tree", self.commit, "--", path).rstrip("\0").split("\0")
        kinds = {name: entry for entry, _, name in (line.partition("\t") for line in listed)}
        if path not in kinds:
            raise NotFound(f"The repository has no file {path} at {self.commit[:12]}.")
        mode, kind, digest = kinds[path].split()
        if kind != "blob" or mode == "120000":
            raise NotFound(f"{path} is a folder, a link or a submodule at {self.commit[:12]}, and no file.")
        if int(self._git.read("cat-file", "-s", digest, talk=True)) > MAX_BYTES:
            raise NotFound(f"{path} has more than the {MAX_BYTES:,} bytes that a pipeline file may have.")
        try:
            return self._git.read("cat-file", "blob", digest, talk=True).encode("utf-8", "surrogateescape").decode()
        except UnicodeDecodeError:
            raise NotFound(f"{path} is no UTF-8 text.") from None

    def holds(self, target: str) -> bool:
        """Links are not followed, so no path leads out."""
        return True

    def read(self, target: str, grammar: Record) -> Document:
        try:
            self.texts[target] = self.text(target)
        except (NotFound, BadAddress) as error:
            return Document(text="", digest="", problems=(Problem(code="unreadable_file", message=str(error)),))
        return read(self.texts[target], grammar)


def check_file(path: str) -> str:
    """Raises BadAddress for what is no path from the root of a repository."""
    parts = path.split("/")
    if not path or len(path) > 400 or any(part in ("", ".", "..") for part in parts) or not path.isprintable():
        raise BadAddress(f"{path!r} is no path of a file from the root of the repository, such as .ansflow.yml.")
    return path


@contextmanager
def revision(
    repository: str, *, ref: str = "", login: Login | None = None, outbound: Outbound | None = None
) -> Iterator[Revision]:
    """`ref` empty: the default branch. Raises BadAddress, NotFound, InvalidSpec or ExternalError with a sentence."""
    if ref:
        check_ref(ref)
    with _opened(repository, login or Login(), outbound or Outbound()) as git:
        git.read("init", "--quiet", "--bare")
        git.read("config", "remote.origin.url", git.address.text)
        wanted = resolve(git, ref)
        try:
            _fetch(git, wanted.name or wanted.commit)
        except ExternalError as error:
            if wanted.name or not error.permanent:
                raise
            message = f"{git.address.text} does not give the commit {wanted.commit}. Name a branch or a tag."
            raise NotFound(message) from None
        yield Revision(git, git.read("rev-parse", "--verify", "FETCH_HEAD^{commit}").strip(), wanted.branch)


def names(repository: str, *, login: Login | None = None, outbound: Outbound | None = None) -> Names:
    """Branches and tags, as they are there now. Raises BadAddress or ExternalError with a sentence."""
    with _opened(repository, login or Login(), outbound or Outbound(), seconds=SECONDS_FOR_NAMES) as git:
        refs, _ = listed(git)
    return Names(branches=_below("refs/heads/", refs), tags=_below("refs/tags/", refs))


def _below(prefix: str, refs: Iterable[str]) -> tuple[str, ...]:
    """Without what git shows of tags twice (`v1^{}`), and without names that no execution may have."""
    found = (name.removeprefix(prefix) for name in refs if name.startswith(prefix) and not name.endswith("^{}"))
    return tuple(sorted(name for name in found if not BAD_REF.search(name)))


@contextmanager
def _opened(repository: str, login: Login, outbound: Outbound, *, seconds: float = SECONDS) -> Iterator[Git]:
    address = parse_address(repository)
    if address.transport not in TRANSPORTS:
        raise BadAddress("The server reads repositories over https, http and ssh. Give such an address.")
    if address.transport == "ssh" and not login.secret:
        raise BadAddress("Reading a repository over ssh wants a Git credential with a key: give the project one.")
    check_login(login, address)
    addresses = outbound.target(address.name, address.port).addresses
    with (
        tempfile.TemporaryDirectory(prefix="ansflow-repository-") as folder,
        Git(
            folder=Path(folder), address=address, login=login, addresses=addresses, seconds=seconds, shows=False
        ) as git,
    ):
        require_git(git)
        yield git


def _fetch(git: Git, what: str) -> None:
    git.read("fetch", "--quiet", "--no-tags", "--depth=1", "--filter=blob:none", "origin", what, talk=True)
