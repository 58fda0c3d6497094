"""Feishu (飞书) and Lark: a custom bot of a group, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

from ansflow.core.errors import ExternalError
from ansflow.core.schema import Field, Record
from ansflow.plugins.channels import SECRET, SECRET_OR_TEXT
from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import Outbound
from ansflow.plugins.telling import markdown, shortened

COLORS = {"success": "green", "fixed": "green", "failed": "red", "timeout": "red"}
MOST_BYTES = 15_000  # of 20 KiB for the whole
TEMPORARY = {9499, 11232, 11233}  # busy; asked too often


class Feishu:
    name = "feishu"
    summary = "Posts a card to a Feishu (飞书) or Lark group bot."
    settings = Record(
        fields={
            "url": Field(SECRET_OR_TEXT, "The bot's webhook URL; it lets anybody post, so: a secret.", required=True),
            "signing": Field(SECRET, "The bot's signing key, where 签名校验 is switched on."),
        },
        what="a feishu channel",
    )

    def send(self, channel: Mapping[str, Any], message: Message, *, key: str, outbound: Outbound) -> str:
        body = payload(message)
        if signing := channel.get("signing"):
            seconds = int(time.time())
            body |= {"timestamp": str(seconds), "sign": signature(str(signing), seconds)}
        answer = outbound.post_json(str(channel["url"]), body).json
        code = answer.get("code", answer.get("StatusCode"))
        if code != 0:  # with HTTP status 200
            said = f"Feishu did not take the message: {code} {str(answer.get('msg', ''))[:200]}."
            raise ExternalError(said, permanent=code not in TEMPORARY)
        return "Feishu took the message"


def signature(secret: str, seconds: int) -> str:
    """Time and secret are the key, and nothing at all is what is signed."""
    return base64.b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def payload(message: Message) -> dict[str, Any]:
    text = shortened(markdown(message), MOST_BYTES)
    return {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {
                "title": {"tag": "plain_text", "content": message.subject},
                "template": COLORS.get(message.status, "grey"),
            },
            "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": text}}],
        },
    }
