"""Any program that takes HTTP: signed JSON after Standard Webhooks (standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansflow.core.errors import ExternalError
from ansflow.core.schema import Field, ListOf, Record
from ansflow.plugins.channels import SECRET, SECRET_OR_TEXT
from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import Outbound

PREFIX = "whsec_"
SHORTEST_KEY = 24


class Webhook:
    name = "webhook"
    summary = "Posts signed JSON to any URL (Standard Webhooks)."
    settings = Record(
        fields={
            "url": Field(SECRET_OR_TEXT, "Where to post; a secret when the URL itself lets one in.", required=True),
            "signing": Field(
                ListOf(SECRET), "Keys (`whsec_…`). Two at once while the receiver changes from one to the other."
            ),
        },
        what="a webhook channel",
    )

    def send(self, channel: Mapping[str, Any], message: Message, *, key: str, outbound: Outbound) -> str:
        now = datetime.now(UTC)
        body = {"type": f"execution.{message.status}", "timestamp": now.isoformat(), "data": data(message)}
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if keys := channel.get("signing"):
            headers["webhook-signature"] = signature(keys, key, int(now.timestamp()), content)
        answer = outbound.send(str(channel["url"]), content=content, headers=headers)
        return f"answered with HTTP status {answer.status}"


def data(message: Message) -> Mapping[str, Any]:
    return {
        "subject": message.subject,
        "text": message.text,
        "status": message.status,
        "url": message.url,
        "facts": dict(message.facts),
        **message.payload,
    }


def signature(keys: Sequence[str], identifier: str, timestamp: int, content: bytes) -> str:
    """One `v1,…` for each key, separated by spaces: the receiver accepts the message when one of them fits."""
    signed = f"{identifier}.{timestamp}.".encode() + content
    digests = (hmac.new(_key(key), signed, hashlib.sha256).digest() for key in keys)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < SHORTEST_KEY:
        message = f"A signing key is not of the form {PREFIX}<base64 of at least {SHORTEST_KEY} bytes>."
        raise ExternalError(message, permanent=True)
    return key
