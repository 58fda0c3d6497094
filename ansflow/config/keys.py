"""The keys of an installation: made at its first start, readable by its user only, never in the repository.

keys/session      signs sessions and one-time links (Django's SECRET_KEY)
keys/signing.pem  signs access tokens (RSA)
keys/ring         seals secrets: a name and 32 bytes in Base64 a line; the last one seals, all of them open
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansflow.config.folders import make_data_folder
from ansflow.core.errors import InvalidSpec, Problem

BITS = 2048
RING_KEY = 32  # bytes
LONGEST = 1 << 20  # bytes of a key file
MAKING = ".making"
NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Keys:
    """By name, `files` are those that they were read from; `fresh` names those that this start has made."""

    session: str = field(repr=False)
    signing: str = field(repr=False)
    ring: Mapping[str, bytes] = field(repr=False)
    files: Mapping[str, Path] = field(default_factory=dict)
    fresh: tuple[Path, ...] = ()


def load_keys(data: Path, *, ring_file: Path | None = None, folder: Path | None = None) -> Keys:
    """Reads the keys; makes them where there are none at all. `folder` is `keys` in the data folder unless it is said.

    Raises InvalidSpec with a sentence for a key that is gone, weak, or readable by others. There is no fallback: with
    another key nothing that was sealed could be opened again.
    """
    make_data_folder(data)
    if folder is None:
        folder = data / "keys"
        folder.mkdir(exist_ok=True, mode=0o700)
        _refuse_open(folder)
    elif not folder.is_dir():
        raise _refused(f"{folder} is no folder, and ANSFLOW_KEYS_DIR says that the keys are in it.")
    own = {"session": _make_session, "signing.pem": _make_signing, "ring": _make_ring}
    if ring_file is not None:
        del own["ring"]
    missing = _missing(folder, own)
    making = folder / MAKING  # there from the first key to the last: a start that was killed between them goes on
    begun = making.exists()
    if missing and len(missing) < len(own) and not begun:
        missing = _missing(folder, own)  # another start may just have made the last of them
    if missing and len(missing) < len(own) and not begun:
        names = " and ".join(str(folder / name) for name in missing)
        raise _refused(f"{names} {'is' if len(missing) == 1 else 'are'} gone. Bring back the keys from a backup.")
    if missing and (data / "ansflow.sqlite3").exists():
        raise keys_are_gone(folder)
    if missing:
        making.touch(mode=0o600)
    for name in missing:
        _write(folder / name, own[name]())
    if missing or begun:  # keys that are there may be mounted read-only
        making.unlink(missing_ok=True)
    fresh = tuple(folder / name for name in own) if missing or begun else ()
    ring = ring_file or folder / "ring"
    return Keys(
        session=_read_session(folder / "session"),
        signing=_read_signing(folder / "signing.pem"),
        ring=_read_ring(ring),
        files={"session": folder / "session", "signing": folder / "signing.pem", "ring": ring},
        fresh=fresh,
    )


def _missing(folder: Path, names: Iterable[str]) -> list[str]:
    return [name for name in names if not (folder / name).exists()]


def expect_keys(folder: Path, *, ring_file: Path | None = None) -> None:
    """For a process that makes none. Raises InvalidSpec that names the files to copy."""
    wanted = ("session", "signing.pem", *(() if ring_file else ("ring",)))
    missing = _missing(folder, wanted)
    if missing:
        raise _refused(
            f"The keys of the installation are not in {folder}: {', '.join(missing)}. Copy them from the first "
            "`ansflow serve`, or say where they are with ANSFLOW_KEYS_DIR: with others, nothing that is sealed could "
            "be opened."
        )


def keys_are_gone(folder: Path) -> InvalidSpec:
    """What is said where there is a database, and none of the keys that it was used with."""
    return _refused(
        f"There is a database, but its keys are gone from {folder}. Bring them back from a backup: "
        "what is sealed in the database cannot be opened with others."
    )


def read_private(path: Path, what: str) -> str:
    """A file that only this user may read. Raises InvalidSpec with a sentence."""
    try:
        _refuse_open(path)
        with path.open("rb") as file:
            return file.read(LONGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise _refused(f"{what} cannot be read from {path}: {reason}.") from None


def _refuse_open(path: Path) -> None:
    found = path.stat()
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_mounted_for_us(found):
        raise _refused(f"{path} can be read by other users. Close it with: chmod go-rwx {path}")
    if found.st_uid not in (os.geteuid(), 0):
        raise _refused(f"{path} belongs to another user, who could change it. Give it to the user of the server.")


def _is_mounted_for_us(found: os.stat_result) -> bool:
    """Secrets that a container platform mounts belong to root, and are read by way of a group of ours."""
    others = found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ours = found.st_gid in {os.getegid(), *os.getgroups()}
    return found.st_uid == 0 != os.geteuid() and others == stat.S_IRGRP and ours


def add_ring_key(path: Path) -> Mapping[str, bytes]:
    """A new key at the end of the ring, which seals from the next start on. Returns the ring."""
    known = _read_ring(path)
    number = len(known) + 1
    while (name := f"k{number}") in known:
        number += 1
    os.replace(_draft(path, f"{path.read_text().rstrip()}\n{name} {_new_key()}\n"), path)
    return _read_ring(path)


def _write(path: Path, text: str) -> None:
    """Whole, on the disk, or not at all: a key that is half there after a power failure would be the end of it."""
    draft = _draft(path, text)
    try:
        os.link(draft, path)  # never over one that another process has made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _draft(path: Path, text: str) -> Path:
    """The text beside its place, on the disk. Under a name of its own: in containers processes share their number."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


# ── one key each ─────────────────────────────────────────────────────────────────────────────────────────────────


def _make_session() -> str:
    return secrets.token_urlsafe(64) + "\n"


def _read_session(path: Path) -> str:
    key = read_private(path, "The key of sessions").strip()
    if len(key) < 50 or len(set(key)) < 16:
        raise _refused(f"The key in {path} is weak: at least 50 characters are wanted, made by chance.")
    return key


def _make_signing() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — only at the first start
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _read_signing(path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 — 30 ms, a server's only
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    text = read_private(path, "The key of access tokens")
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        raise _refused(f"{path} holds no private key in PEM form.") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < BITS:
        raise _refused(f"The key in {path} is weak: an RSA key of at least {BITS} bits is wanted.")
    return text


def _make_ring() -> str:
    return f"k1 {_new_key()}\n"


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(RING_KEY)).decode()


def _read_ring(path: Path) -> Mapping[str, bytes]:
    ring: dict[str, bytes] = {}
    for number, line in enumerate(read_private(path, "The key ring").splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            name, key = _ring_line(path, number, line)
            if name in ring:
                raise _refused(f"Line {number} of {path} gives the name {name} a second time.")
            ring[name] = key
    if not ring:
        raise _refused(f"{path} holds no key: lines of a name and {RING_KEY} bytes in Base64 are wanted.")
    return ring


def _ring_line(path: Path, number: int, line: str) -> tuple[str, bytes]:
    # The line itself is not shown: it may hold a key.
    name, _, written = line.strip().partition(" ")
    try:
        key = base64.b64decode(written.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not NAME.fullmatch(name) or len(key) != RING_KEY:
        raise _refused(f"Line {number} of {path} is no name and {RING_KEY} bytes in Base64.")
    if len(set(key)) < 12:  # of 32 bytes made by chance, fewer than 20 different ones are not to be seen
        raise _refused(
            f"The key {name} in line {number} of {path} is weak: {RING_KEY} bytes made by chance are wanted."
        )
    return name, key


def _refused(message: str) -> InvalidSpec:
    return InvalidSpec([Problem(code="key", message=message)])
