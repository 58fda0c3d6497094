"""WeCom (企业微信): a group robot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansflow.core.errors import ExternalError
from ansflow.core.schema import Field, ListOf, Record, Text
from ansflow.plugins.channels import SECRET_OR_TEXT
from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import Outbound
from ansflow.plugins.telling import markdown, shortened, unmarked

COLORS = {"success": "info", "fixed": "info", "failed": "warning", "timeout": "warning"}
MOST_BYTES = 4096
TEMPORARY = {-1, 45009, 45033}  # busy, asked too often, too many at once


class WeCom:
    name = "wecom"
    summary = "Posts to a WeCom (企业微信) group robot."
    settings = Record(
        fields={
            "url": Field(SECRET_OR_TEXT, "The robot's URL; its key lets anybody post, so: a secret.", required=True),
            "mention": Field(ListOf(Text(pattern=r"[\w@.\-]{1,64}")), "User ids of people to mention."),
        },
        what="a wecom channel",
    )

    def send(self, channel: Mapping[str, Any], message: Message, *, key: str, outbound: Outbound) -> str:
        answer = outbound.post_json(str(channel["url"]), payload(message, channel.get("mention", ()))).json
        code = answer.get("errcode")
        if code != 0:  # with HTTP status 200
            said = f"WeCom did not take the message: {code} {str(answer.get('errmsg', ''))[:200]}."
            raise ExternalError(said, permanent=code not in TEMPORARY)
        return "WeCom took the message"


def payload(message: Message, mention: tuple[str, ...] | list[str] = ()) -> dict[str, Any]:
    color = COLORS.get(message.status, "comment")
    head = f'**<font color="{color}">{unmarked(message.subject)}</font>**\n'
    tail = "\n" + "".join(f"<@{person}>" for person in mention) if mention else ""
    room = MOST_BYTES - len((head + tail).encode())
    return {"msgtype": "markdown", "markdown": {"content": head + shortened(markdown(message), room) + tail}}
