"""What a repository's address, a ref and a path may look like. Git gets nothing that has not passed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

from ansflow.core.errors import AnsFlowError

TRANSPORTS = ("https", "http", "ssh", "git")
PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
SCP_FORM = re.compile(r"(?:(?P<user>[^@/]*)@)?(?P<host>\[[^\]/]*\]|[^:/@\[\]]*):(?P<path>[^/].*|/(?!/).*|//.+)")
HELPER_FORM = re.compile(r"[A-Za-z0-9_+.-]*::")
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\x80-\x9f\u2028\u2029]")
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SHORT_COMMIT = re.compile(r"[0-9a-f]{7,64}")
BAD_REF = re.compile(
    r"^[-/.]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|[./]$|^@$",
)
LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?")


class BadAddress(AnsFlowError):
    code = "bad_address"


@dataclass(frozen=True, slots=True)
class Address:
    """`transport` is one of TRANSPORTS, or `path`. `host` carries the port where one is written."""

    text: str
    transport: str
    host: str = ""

    @property
    def name(self) -> str:
        """The host without its port and brackets."""
        host = self.host[: self.host.rindex("]") + 1] if "]" in self.host else self.host.partition(":")[0]
        return host.strip("[]").removesuffix(".").lower()

    @property
    def port(self) -> int:
        """The one that is written, or the usual one of the transport; 0 for a path."""
        written = self.host.rpartition("]")[2].partition(":")[2]
        return int(written) if written else PORTS.get(self.transport, 0)

    @property
    def takes_password(self) -> bool:
        return self.transport == "https" or (self.transport == "http" and bool(LOOPBACK.fullmatch(self.host)))


def parse_address(text: str) -> Address:
    """Raises BadAddress with a sentence. A text that is no address is taken as a path."""
    if not text or UNPRINTABLE.search(text):
        raise BadAddress("A repository's address must be one word: no blank, line break or control character.")
    if text.startswith("-"):
        raise BadAddress(f"{text!r} starts with a dash, so Git could take it for an option. Write ./{text} for a path.")
    if HELPER_FORM.match(text):
        raise BadAddress(f"{text.partition('::')[0]!r} is a helper program, not a transport. {_known()}")
    if "://" in text:
        return _from_url(text)
    if match := SCP_FORM.fullmatch(text):
        return _from_scp_form(text, match)
    return Address(text, "path")


def check_ref(text: str) -> str:
    if BAD_REF.search(text) or not text:
        raise BadAddress(f"{text!r} can be no branch, tag or commit: Git allows no such name.")
    return text


def check_path(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\0" in text or ".git" in (part.lower() for part in path.parts):
        raise BadAddress(f"path: {text!r} must name a folder inside the workspace, without .. and outside of .git.")
    return text


def _from_url(text: str) -> Address:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise BadAddress(f"The address is no URL: {error}.") from error
    if url.scheme not in TRANSPORTS or not text.startswith(f"{url.scheme}://"):
        raise BadAddress(f"Code is not fetched over {url.scheme + '://'!r}. {_known()}")
    _check_login(url)
    host = url.netloc.rpartition("@")[2].rpartition(":")[0] if port is not None else url.netloc.rpartition("@")[2]
    _check_host(host.removesuffix(":"))
    if len(url.path) < 2:
        raise BadAddress("The address names a host and no repository on it.")
    return Address(text, url.scheme, url.netloc.rpartition("@")[2])


def _check_login(url: SplitResult) -> None:
    if "@" not in url.netloc:
        return
    login = url.netloc.rpartition("@")[0]
    if url.scheme != "ssh" or ":" in login:
        raise BadAddress("The address holds a login. Put it into a secret and name that with `credential`.")
    _check_user(login)


def _from_scp_form(text: str, match: re.Match[str]) -> Address:
    if match["user"] is not None:
        _check_user(match["user"])
    _check_host(match["host"])
    if match["path"].startswith("-"):
        raise BadAddress("The path on the host starts with a dash, so its programs could take it for an option.")
    return Address(text, "ssh", match["host"])


def _check_user(user: str) -> None:
    if not USER.fullmatch(user):
        raise BadAddress(f"{user!r} is no user name for ssh.")


def _check_host(host: str) -> None:
    if not HOST.fullmatch(host):
        raise BadAddress(f"{host!r} is no host name.")


def _known() -> str:
    return "Write https://…, ssh://…, user@host:path, git://… or a path."
