"""Whether the keys that a process has read are those that its database is used with.

    expect_known_keys()       # at the start of every process: NotAvailable names the key that differs
    remember_keys()           # the first start of a server writes what the database does not know yet

The database holds a check value of each key: an HMAC of a fixed text under it, and of the signing key a hash of its
public half. Neither opens, signs or reveals anything.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction

from ansflow.apps.accounts.models import KeyCheck
from ansflow.core.errors import NotAvailable

TEXT = b"ansflow: this is the key of the installation"
RING = "ring:"
MEND = (
    "Bring the keys of the installation, or say where they are with ANSFLOW_KEYS_DIR. "
    "After a key was replaced on purpose: ansflow keys accept"
)


def expect_known_keys() -> None:
    """Raises NotAvailable where a key is another one than the database knows by its name, or none of the ring is known.

    The ring may hold keys that are not known: a new one comes to one machine first. A database that knows none yet
    takes any; see `remember_keys`.
    """
    known, ours = _known(), check_values()
    for name, digest in ours.items():
        if known.get(name, digest) != digest:
            raise NotAvailable(_another(name))
    ring = sorted(name.removeprefix(RING) for name in known if name.startswith(RING))
    if ring and not set(ring) & set(settings.ANSFLOW_KEY_RING):
        file, names = settings.ANSFLOW_KEY_FILES["ring"], ", ".join(ring)
        raise NotAvailable(f"The ring {file} holds no key that the database knows; it knows: {names}. {MEND}")


def _another(name: str) -> str:
    """Which key differs, and where it was read."""
    kind, _, key = name.partition(":")
    file = settings.ANSFLOW_KEY_FILES[kind]
    if kind == "session":
        return f"The key of sessions in {file} is not the one that the database knows. {MEND}"
    if kind == "signing":
        return f"The key of access tokens in {file} is not the one that the database knows. {MEND}"
    return f"The key {key} in {file} is not the one that the database knows. {MEND}"


def are_known() -> bool:
    """Whether the database knows each of them, and as it is."""
    known = _known()
    return all(known.get(name) == digest for name, digest in check_values().items())


def remember_keys() -> None:
    """Writes the check values that the database does not have yet. Raises NotAvailable where others came first."""
    expect_known_keys()
    known = _known()
    new = [KeyCheck(name=name, digest=digest) for name, digest in check_values().items() if name not in known]
    if new:
        KeyCheck.objects.bulk_create(new, ignore_conflicts=True)
        expect_known_keys()


@transaction.atomic
def accept_keys() -> None:
    """From here on the database is used with the keys that this process has read, and with no others."""
    KeyCheck.objects.all().delete()
    KeyCheck.objects.bulk_create([KeyCheck(name=name, digest=digest) for name, digest in check_values().items()])


def check_values() -> Mapping[str, str]:
    """Of the keys that this process has read, by their names in the table."""
    ring = {f"{RING}{name}": _of_secret(key) for name, key in settings.ANSFLOW_KEY_RING.items()}
    return {"session": _of_secret(settings.SECRET_KEY.encode()), "signing": _of_signing_key(), **ring}


def _known() -> dict[str, str]:
    return dict(KeyCheck.objects.values_list("name", "digest"))


def _of_secret(key: bytes) -> str:
    return hmac.new(key, TEXT, hashlib.sha256).hexdigest()


def _of_signing_key() -> str:
    """Of the key, not of its file: written in another form it is the same."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 — costs time, and is loaded by then
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(settings.HEADLESS_JWT_PRIVATE_KEY.encode(), password=None)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()
