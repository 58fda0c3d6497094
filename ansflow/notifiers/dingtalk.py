"""DingTalk (钉钉): a custom robot of a group, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ansflow.core.errors import ExternalError
from ansflow.core.schema import Boolean, Field, ListOf, Record, Text
from ansflow.plugins.channels import SECRET, SECRET_OR_TEXT
from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import Outbound
from ansflow.plugins.telling import markdown, shortened, unmarked

MOST_BYTES = 18_000  # of 20,000 for the whole
TEMPORARY = {-1, 130101, 130102, 410100, 660026}  # busy; more than 20 messages a minute


class DingTalk:
    name = "dingtalk"
    summary = "Posts to a DingTalk (钉钉) group robot."
    settings = Record(
        fields={
            "url": Field(
                SECRET_OR_TEXT, "The robot's webhook URL; its token lets anybody post, so: a secret.", required=True
            ),
            "signing": Field(SECRET, "The robot's signing key (SEC…), where 加签 is switched on."),
            "mobiles": Field(ListOf(Text(pattern=r"\+?[\d-]{5,20}")), "Mobile numbers of people to mention."),
            "everyone": Field(Boolean(), "Mention everybody.", default=False),
        },
        what="a dingtalk channel",
    )

    def send(self, channel: Mapping[str, Any], message: Message, *, key: str, outbound: Outbound) -> str:
        url = str(channel["url"])
        if signing := channel.get("signing"):
            url = signed(url, str(signing), milliseconds=time.time_ns() // 1_000_000)
        answer = outbound.post_json(url, payload(channel, message)).json
        code = answer.get("errcode")
        if code != 0:  # with HTTP status 200
            said = f"DingTalk did not take the message: {code} {str(answer.get('errmsg', ''))[:200]}."
            raise ExternalError(said, permanent=code not in TEMPORARY)
        return "DingTalk took the message"


def signed(url: str, secret: str, *, milliseconds: int) -> str:
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    sign = quote(base64.b64encode(digest).decode(), safe="")
    return f"{url}{'&' if '?' in url else '?'}timestamp={milliseconds}&sign={sign}"


def payload(channel: Mapping[str, Any], message: Message) -> dict[str, Any]:
    subject, mobiles = unmarked(message.subject), list(channel.get("mobiles", ()))
    text = f"#### {subject}\n\n" + shortened(markdown(message, line_break="  \n"), MOST_BYTES)
    if mobiles:
        text += "\n\n" + " ".join(f"@{mobile}" for mobile in mobiles)  # only who stands in the text is told
    return {
        "msgtype": "markdown",
        "markdown": {"title": subject, "text": text},
        "at": {"atMobiles": mobiles, "isAtAll": bool(channel.get("everyone", False))},
    }
