"""Slack, and everything that takes Slack's incoming webhooks: Mattermost, Rocket.Chat, Zulip, Discord's `/slack`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansflow.core.errors import ExternalError
from ansflow.core.schema import Field, Record, Text
from ansflow.plugins.channels import SECRET_OR_TEXT
from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import Outbound
from ansflow.plugins.telling import shortened

COLORS = {"success": "#2eb67d", "fixed": "#2eb67d", "failed": "#e01e5a", "timeout": "#e01e5a"}
GREY = "#8d8d8d"
MOST_BYTES = 3000


class Slack:
    name = "slack"
    summary = "Posts to Slack, Mattermost, Rocket.Chat and whatever takes Slack's incoming webhooks."
    settings = Record(
        fields={
            "url": Field(SECRET_OR_TEXT, "The webhook's URL; it lets anybody post, so: a secret.", required=True),
            "channel": Field(Text(), "Another channel than the webhook's own, where the server allows that."),
        },
        what="a slack channel",
    )

    def send(self, channel: Mapping[str, Any], message: Message, *, key: str, outbound: Outbound) -> str:
        body = payload(message) | ({"channel": channel["channel"]} if channel.get("channel") else {})
        answer = outbound.post_json(str(channel["url"]), body)
        if answer.json.get("success") is False:  # Rocket.Chat says so with HTTP status 200
            raise ExternalError("The server did not take the message.", permanent=True)
        return f"answered with HTTP status {answer.status}"


def payload(message: Message) -> dict[str, Any]:
    subject = escaped(message.subject)
    return {
        "text": f"<{message.url}|{subject}>" if message.url else subject,
        "attachments": [
            {
                "color": COLORS.get(message.status, GREY),
                "fallback": subject,
                "text": shortened(escaped(message.text), MOST_BYTES),
                "mrkdwn_in": [],
                "fields": [
                    {"title": name, "value": escaped(value), "short": True} for name, value in message.facts.items()
                ],
            }
        ],
    }


def escaped(text: str) -> str:
    """The three characters that Slack reads as markup: without them no link and no `<!channel>` can be forged."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
