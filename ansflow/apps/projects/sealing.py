"""Envelope encryption: what is sealed here can be opened by this installation only, and only in its own place.

    sealed, version = seal(tenant_id, b"hunter2-hunter2", place="secret:42:7::TOKEN")
    open_sealed(tenant_id, sealed, version, place="secret:42:7::TOKEN")

Each tenant has a data key, which seals with AES-256-GCM. Data keys are themselves sealed under the installation's key
ring. Tenant, version and place are bound into the seal: the bytes of one row do not open in another.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction

from ansflow.apps.projects.models import DataKey
from ansflow.core.errors import NotAvailable

FORMAT = b"\x01"  # AES-256-GCM: a nonce of 12 bytes, then the text with its tag
NONCE_BYTES = 12
KEY_BYTES = 32
GONE = "key_gone"
"""Code of the NotAvailable that says that a data key has been retired: the row has meanwhile been sealed anew."""


@transaction.atomic
def seal(tenant_id: int, plain: bytes, *, place: str) -> tuple[bytes, int]:
    """The sealed bytes, and the version of the data key. `place` names the row, and never changes while it is sealed.

    Holds the tenant's data key to the end of the transaction, so that no rotation overlooks the row.
    """
    key = newest_key(tenant_id)
    return _encrypt(opened_key(key), plain, _bound(tenant_id, key.version, place)), key.version


def open_sealed(tenant_id: int, sealed: bytes | memoryview, version: int, *, place: str) -> bytes:
    """Raises NotAvailable where the key is gone, or where the bytes are not those that were sealed for this place."""
    key = DataKey.objects.filter(tenant_id=tenant_id, version=version).first()
    if key is None:
        raise NotAvailable(
            f"The data key {version} of tenant {tenant_id} is gone: {place} cannot be opened.", code=GONE
        )
    return _decrypt(opened_key(key), sealed, _bound(tenant_id, version, place), place)


def newest_key(tenant_id: int) -> DataKey:
    """The tenant's key that seals, held to the end of the transaction; made where there is none yet."""
    while True:
        keys = list(DataKey.objects.select_for_update().filter(tenant_id=tenant_id).order_by("version"))
        if keys:
            return keys[-1]
        try:
            with transaction.atomic():
                return add_key(tenant_id, 1)
        except IntegrityError:
            continue  # another one has just made it


def add_key(tenant_id: int, version: int) -> DataKey:
    """A new data key, sealed under the newest key of the ring."""
    name = list(settings.ANSFLOW_KEY_RING)[-1]
    sealed = _encrypt(settings.ANSFLOW_KEY_RING[name], os.urandom(KEY_BYTES), _bound_key(tenant_id, version))
    return DataKey.objects.create(tenant_id=tenant_id, version=version, sealed_by=name, sealed=sealed)


def opened_key(key: DataKey) -> bytes:
    """Raises NotAvailable where the ring has no such key, or another one of that name."""
    what = f"The data key {key.version} of tenant {key.tenant_id}"
    try:
        opener = settings.ANSFLOW_KEY_RING[key.sealed_by]
    except KeyError:
        message = f"{what} is sealed under {key.sealed_by}, which is not in this installation's key ring."
        raise NotAvailable(f"{message} Bring the key ring of the installation that wrote this database.") from None
    return _decrypt(opener, key.sealed, _bound_key(key.tenant_id, key.version), what)


def _bound(tenant_id: int, version: int, place: str) -> bytes:
    return f"{tenant_id}:{version}:{place}".encode()


def _bound_key(tenant_id: int, version: int) -> bytes:
    return f"data key {tenant_id}:{version}".encode()


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypt(key: bytes, sealed: bytes | memoryview, bound: bytes, what: str) -> bytes:
    written = bytes(sealed)  # some databases give a memoryview
    if written[:1] == FORMAT:
        nonce, text = written[1 : 1 + NONCE_BYTES], written[1 + NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, text, bound)
        except (InvalidTag, ValueError):
            pass
    raise NotAvailable(f"{what} cannot be opened: it was sealed under another key or for another place, or changed.")
