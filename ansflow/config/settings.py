"""What an administrator may set: environment variables named `ANSFLOW_…`, read once, checked, and refused by name."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ansflow.config.folders import data_folder
from ansflow.config.keys import read_private
from ansflow.core.errors import InvalidSpec, Problem
from ansflow.core.plan import DEFAULT_QUEUE
from ansflow.infra.dispatch.queues import may_be_served
from ansflow.infra.storage.opening import parse

PREFIX = "ANSFLOW_"
ELSEWHERE = ("ANSFLOW_LANG", "ANSFLOW_SERVER", "ANSFLOW_TOKEN")
"""Variables of the command line, which mean nothing to a server."""
HOST = re.compile(r"\[[0-9a-fA-F:.]+\]|\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
SPREAD = {
    "database_url": "PostgreSQL, MySQL or MariaDB: a SQLite file belongs to one process",
    "redis_url": "the Redis over which processes tell each other what has changed",
    "storage_url": "a place that every process sees: s3://bucket/prefix, or a shared folder as file:///srv/ansflow",
}
"""What processes cannot do without once they are several, by the setting that says it."""


# ── how a value is written: each raises ValueError with what it wants ────────────────────────────────────────────


def _text(written: str) -> str:
    return written


def _switch(written: str) -> bool:
    if written.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return written.lower() == "true"


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(written: str) -> int:
        if not (written.isascii() and written.isdigit() and len(written) < 15 and least <= int(written) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(written)

    return read


def _size(written: str) -> int:
    """Bytes."""
    found = re.fullmatch(r"([1-9][0-9]{0,8})(Ki|Mi|Gi)?", written)
    if found is None:
        raise ValueError("a size such as 512Ki or 10Mi")
    return int(found[1]) * {None: 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}[found[2]]


def _web_address(written: str) -> str:
    parts = urlsplit(written)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("an address without a path, such as https://ci.example.com")
    return f"{parts.scheme}://{parts.netloc}"


def _store(written: str) -> str:
    parse(written)
    return written


def _redis_address(written: str) -> str:
    wanted = "an address such as redis://:password@host:6379/0; special characters of a password are written as %XX"
    return _address(written, wanted, schemes=("redis", "rediss"), path="/?[0-9]{0,4}")


def _broker_address(written: str) -> str:
    wanted = (
        "an address such as redis://:password@host:6379/1 or amqp://user:password@host:5672/ansflow; "
        "special characters of a password are written as %XX"
    )
    path = "/?[0-9]{0,4}" if written.startswith("redis") else "/{0,2}[A-Za-z0-9_.%-]{0,200}"
    return _address(written, wanted, schemes=("redis", "rediss", "amqp", "amqps"), path=path)


def _address(written: str, wanted: str, *, schemes: Sequence[str], path: str) -> str:
    """Of a server that is reached with a password, which no refusal shows."""
    try:
        parts = urlsplit(written)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        whole = bool(parts.hostname) and parts.port != 0 and re.fullmatch(path, parts.path) is not None
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in schemes or not whole or parts.fragment:
        raise ValueError(wanted)
    if unknown := sorted(set(options) - set(TLS_OPTIONS)):
        raise ValueError(f"no option {unknown[0]!r}; known: {', '.join(TLS_OPTIONS)}")
    return written


def _folder(written: str) -> Path:
    if not os.path.isabs(written):
        raise ValueError("the absolute path of a folder")
    return Path(written)


def _file(written: str) -> Path:
    if not os.path.isabs(written):
        raise ValueError("the absolute path of a file")
    return Path(written)


def _hosts(written: str) -> tuple[str, ...]:
    hosts = _words(written)
    if any(not HOST.fullmatch(host) for host in hosts):
        raise ValueError("host names or addresses, separated by commas; .example.com stands for every name below it")
    return hosts


def _networks(written: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(word)) for word in _words(written))
    except ValueError:
        raise ValueError("addresses or networks, separated by commas, such as 10.0.0.0/8") from None


def _places(written: str) -> tuple[str, ...]:
    places = _words(written)
    if any(not re.fullmatch(rf"({HOST.pattern}):[0-9]{{1,5}}", place) for place in places):
        raise ValueError("pairs of a host and a port, separated by commas, such as git.example.internal:443")
    return places


def _queues(written: str) -> tuple[str, ...]:
    queues = _words(written)
    if not queues or not all(map(may_be_served, queues)):
        wanted = "names of queues, separated by commas: letters, digits, '.', '_' and '-', at most 100 each, not chores"
        raise ValueError(wanted)
    return tuple(dict.fromkeys(queues))


def _choice(*options: str) -> Callable[[str], str]:
    def read(written: str) -> str:
        if written not in options:
            raise ValueError(" or ".join(options))
        return written

    return read


def _words(written: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in written.split(",") if word.strip())


# ── what there is to set ─────────────────────────────────────────────────────────────────────────────────────────


def _setting(
    read: Callable[[str], Any], about: str, *, default: Any, shown: str = "", may_hold_password: bool = False
) -> Any:
    """A field of `Settings`. `shown` is the default in the words of the reference, where its value says too little.
    What may hold a password can stand in a file instead, which the variable with `_FILE` at its end names."""
    return field(default=default, metadata={"read": read, "about": about, "shown": shown, "secret": may_hold_password})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field but `data_dir` is the variable of its name in capitals behind `ANSFLOW_`."""

    data_dir: Path
    database_url: str = _setting(
        _text,
        "Where the tables are: `postgresql://user:password@host/name`, `mysql://…` (also MariaDB).",
        default="",
        shown="SQLite in the data folder",
        may_hold_password=True,
    )
    storage_url: str = _setting(
        _store,
        "Where logs, artifacts and caches are kept: an S3-compatible store, "
        "`s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-west-1` (needs the extra `s3`), or a folder "
        "that every machine sees, `file:///srv/ansflow`. Workspaces stay in the data folder of each process.",
        default="",
        shown="files in the data folder",
    )
    storage_key_file: Path | None = _setting(
        _file,
        "A file with the store's access key: its id in the first line, the secret in the second. Readable by the "
        "server's user only.",
        default=None,
        shown="as AWS's own tools find theirs",
    )
    redis_url: str = _setting(
        _redis_address,
        "The Redis over which processes tell each other at once what has changed: `redis://:password@host:6379/0`, "
        "with TLS `rediss://…`. It keeps nothing: while it is away, others hear up to two seconds later.",
        default="",
        shown="within this process",
        may_hold_password=True,
    )
    broker_url: str = _setting(
        _broker_address,
        "The broker that calls workers in processes of their own: Redis (`redis://:password@host:6379/1`, with TLS "
        "`rediss://…`) or RabbitMQ (`amqp://user:password@host:5672/vhost`, with TLS `amqps://…`). It carries no "
        "truth: what it loses comes later. Also wants `ANSFLOW_DATABASE_URL`, `ANSFLOW_REDIS_URL` and "
        "`ANSFLOW_STORAGE_URL`, and needs the extra `celery`.",
        default="",
        shown="steps run in threads of the server",
        may_hold_password=True,
    )
    keys_dir: Path | None = _setting(
        _folder,
        "The folder of the installation's keys, the same on every machine. Only `ansflow serve` makes keys.",
        default=None,
        shown="`keys` in the data folder",
    )
    health_port: int | None = _setting(
        _number(1, 65535),
        "The port at which a worker or a scheduler answers `/healthz`, `/readyz` and `/metrics`, on `ANSFLOW_HOST`.",
        default=None,
        shown="none",
    )
    host: str = _setting(_text, "The address to listen on.", default="127.0.0.1")
    port: int = _setting(_number(0, 65535), "The port to listen on; 0 takes any free one.", default=8000)
    base_url: str = _setting(
        _web_address,
        "How browsers reach this server. With `https://`, cookies are sent over TLS only.",
        default="",
        shown="`http://`, host and port",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        _hosts,
        "The names under which this server may be asked for; a request for another is refused. The name in "
        "`ANSFLOW_BASE_URL` and the address listened on are always among them.",
        default=("localhost", "127.0.0.1", "[::1]"),
    )
    trusted_proxies: tuple[str, ...] = _setting(
        _networks,
        "The proxies in front of this server. What they say in `X-Forwarded-For` and `X-Forwarded-Proto` is believed, "
        "what others say is not.",
        default=(),
        shown="nobody",
    )
    slots: int = _setting(
        _number(1, 1000), "How many steps run at once, in a server that runs them or in a worker.", default=4
    )
    drain_seconds: int = _setting(
        _number(0, 86_400),
        "How long a worker that is told to end (SIGTERM) waits for its steps and takes no new ones. Without it they "
        "run on, and its next start takes them over; the end of a container would be theirs too.",
        default=0,
    )
    queues: tuple[str, ...] = _setting(
        _queues,
        "The queues whose steps run here, separated by commas: a step waits in the one that its `runs_on` names.",
        default=(DEFAULT_QUEUE,),
    )
    allow_host_executor: bool = _setting(
        _switch,
        "The leave for steps with `executor: host`: plain processes of this machine, without isolation.",
        default=False,
    )
    # Checked here for the administrator's sake; `plugins.outbound` reads it itself, for a run without a server too.
    allow_private_hosts: tuple[str, ...] = _setting(
        _places,
        "Addresses inside your network that notifications, webhooks and the reading of pipeline files may reach: "
        "`host:port`, written as in the pipeline or the project. Every other address must be public.",
        default=(),
        shown="none",
    )
    key_file: Path | None = _setting(
        _file,
        "A file with the key ring that seals secrets, kept apart from the data folder: lines of a name and 32 bytes in "
        "Base64. The last line seals, all of them open. Readable by the server's user only.",
        default=None,
        shown="`keys/ring` in the data folder",
    )
    admin_email: str = _setting(_text, "The first administrator, made at a start that finds none.", default="")
    admin_password_file: Path | None = _setting(
        _file, "A file with the first administrator's password in its first line.", default=None
    )
    metrics_token_file: Path | None = _setting(
        _file,
        "A file with the token that `/metrics` wants of everyone who does not ask from this machine.",
        default=None,
        shown="from this machine only",
    )
    max_body: int = _setting(_size, "The longest body of a request.", default=10 << 20, shown="`10Mi`")
    log_format: str = _setting(
        _choice("text", "json"), "How the server's own log on the error stream is written.", default="text"
    )

    @property
    def is_spread(self) -> bool:
        """Whether steps are run by workers in processes of their own."""
        return bool(self.broker_url)

    @property
    def keys_folder(self) -> Path:
        return self.keys_dir or self.data_dir / "keys"

    @property
    def address(self) -> str:
        """How browsers reach this server, without a slash at the end."""
        if self.base_url:
            return self.base_url
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def listens_on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every name under which a request may ask for this server."""
        own = urlsplit(self.address).hostname or "localhost"
        return tuple(dict.fromkeys((*self.allowed_hosts, f"[{own}]" if ":" in own else own)))


VARIABLES = {f"{PREFIX}{known.name.upper()}": known for known in fields(Settings) if known.metadata}
IN_FILES = {f"{name}_FILE": name for name, known in VARIABLES.items() if known.metadata["secret"]}
"""The variable that names a file, and the one whose value stands in it."""


def read_settings(
    environ: Mapping[str, str] = os.environ, *, flags: Mapping[str, str] | None = None, data_dir: Path | None = None
) -> Settings:
    """Raises InvalidSpec that names every variable that does not fit. An empty one counts as not set.

    `flags` are the variables that the command line has set, each with the option that it is called there.
    """
    flags = flags or {}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    environ = {**environ, **_read_files(environ, problems)}
    for variable, known in VARIABLES.items():
        written, name = environ.get(variable, "").strip(), flags.get(variable, variable)
        if not written:
            if variable in flags:
                problems.append(Problem(code="setting", message=f"{name} wants a value."))
            continue
        try:
            values[known.name] = known.metadata["read"](written)
        except ValueError as wanted:
            problems.append(Problem(code="setting", message=f"{name} wants {wanted}."))  # the value may be secret
    if environ.get(f"{PREFIX}BROKER_URL", "").strip():
        problems += _half_spread(values, environ)
    if problems:
        raise InvalidSpec(problems)
    return Settings(data_dir=data_dir or data_folder(), **values)


def _read_files(environ: Mapping[str, str], problems: list[Problem]) -> Mapping[str, str]:
    """The first line of each file that is named instead of a value."""
    found: dict[str, str] = {}
    for variable, meant in IN_FILES.items():
        named = environ.get(variable, "").strip()
        if not named:
            continue
        if environ.get(meant, "").strip():
            problems.append(Problem(code="setting", message=f"{variable} and {meant} say the same: set one of them."))
            continue
        try:
            found[meant] = read_private(_file(named), f"The value of {meant}").partition("\n")[0].strip()
        except ValueError as wanted:
            problems.append(Problem(code="setting", message=f"{variable} wants {wanted}."))
        except InvalidSpec as refused:
            problems += refused.problems
    return found


def _half_spread(values: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[Problem]:
    """What several processes cannot do without. A value that does not fit has been told of already."""
    for name, what in SPREAD.items():
        variable = f"{PREFIX}{name.upper()}"
        is_missing = not environ.get(variable, "").strip()
        if is_missing or (name == "database_url" and str(values.get(name)).startswith("sqlite")):
            message = (
                f"{PREFIX}BROKER_URL spreads this installation over processes, which also wants {variable}: {what}."
            )
            yield Problem(code="half_spread", message=message)


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence for each variable that looks like a setting and is none, with the nearest that is."""
    known = {*VARIABLES, *IN_FILES, *ELSEWHERE, f"{PREFIX}DATA_DIR"}
    strangers = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not known, and changes nothing.{_nearest(name, sorted(known))}" for name in strangers]


def _nearest(name: str, known: Sequence[str]) -> str:
    bare = [one.removeprefix(PREFIX) for one in known]
    close = get_close_matches(name.removeprefix(PREFIX), bare, n=1, cutoff=0.7)
    return f" Did you mean {PREFIX}{close[0]}?" if close else ""


# ── what this process goes by ────────────────────────────────────────────────────────────────────────────────────

_chosen: list[Settings] = []


def use(settings: Settings, **flags: Any) -> Settings:
    """What this process goes by from now on: settings, with what the command line says instead of a variable."""
    _chosen[:] = [replace(settings, **{name: value for name, value in flags.items() if value is not None})]
    return _chosen[0]


def current() -> Settings:
    """What `use` was given; without it, what the environment says."""
    return _chosen[0] if _chosen else use(read_settings())
