"""E-mail over SMTP. Encryption is on unless the file says otherwise, and certificates are always verified."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from typing import Any

from ansflow.core.errors import ExternalError
from ansflow.core.schema import Choice, Field, ListOf, Record, Text
from ansflow.plugins.channels import SECRET
from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import TIMEOUT_SECONDS, Outbound, Target

PORTS = {"starttls": 587, "tls": 465, "none": 25}
ADDRESS = r"[^@\s<>,;]+@[^@\s<>,;]+"


class Email:
    name = "email"
    summary = "Sends e-mail over SMTP."
    settings = Record(
        fields={
            "server": Field(Text(pattern=r"[^\s:/]+(:\d{1,5})?"), "Mail server, `host` or `host:port`.", required=True),
            "security": Field(
                Choice(("starttls", "tls", "none")),
                "starttls (port 587), tls from the first byte (465), or none (25), which sends in the clear.",
                default="starttls",
            ),
            "from": Field(Text(pattern=ADDRESS), "The sender's address.", required=True),
            "to": Field(ListOf(Text(pattern=ADDRESS)), "Who gets it.", required=True),
            "user": Field(Text(), "Name to log in with."),
            "password": Field(SECRET, "Password to log in with, as {secret: NAME}."),
        },
        what="an email channel",
    )

    def send(self, channel: Mapping[str, Any], message: Message, *, key: str, outbound: Outbound) -> str:
        security = channel.get("security", "starttls")
        host, _, port = str(channel["server"]).partition(":")
        if security == "none" and "password" in channel:
            raise ExternalError("A password is not sent in the clear: choose security starttls or tls.", permanent=True)
        target = outbound.target(host, int(port or PORTS[security]))
        mail = as_mail(channel, message, key=key)
        try:
            refused = _deliver(target, security, channel, mail)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except ssl.SSLCertVerificationError as error:
            raise _failed(target, f"its certificate is not trusted ({error.verify_message})", permanent=True) from None
        except smtplib.SMTPResponseException as error:
            raise _failed(target, _said(error.smtp_code, error.smtp_error), permanent=error.smtp_code >= 500) from None
        except smtplib.SMTPNotSupportedError as error:
            raise _failed(target, str(error), permanent=True) from None
        except (smtplib.SMTPException, OSError) as error:
            raise _failed(target, str(error) or type(error).__name__, permanent=False) from None
        _expect_nobody_refused(target, refused)
        return f"accepted by {target.host} for {', '.join(channel['to'])}"


def as_mail(channel: Mapping[str, Any], message: Message, *, key: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["Subject"] = " ".join(message.subject.split())  # a line break would begin another header
    mail["From"] = channel["from"]
    mail["To"] = ", ".join(channel["to"])
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{key}@ansflow>"  # the same at every try, so that mail programs show one
    mail["Auto-Submitted"] = "auto-generated"  # no out-of-office replies
    facts = "\n".join(f"{name}: {value}" for name, value in message.facts.items())
    mail.set_content("\n\n".join(filter(None, (message.text, facts, message.url))) + "\n")
    return mail


class _Pinned(smtplib.SMTP):
    """Connects to the address that was judged, and goes on calling the server by its name (for the certificate)."""

    def __init__(self, target: Target) -> None:
        self._address = target.addresses[0]
        super().__init__(target.host, target.port, timeout=TIMEOUT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


class _PinnedTLS(smtplib.SMTP_SSL):
    def __init__(self, target: Target, context: ssl.SSLContext) -> None:
        self._address = target.addresses[0]
        super().__init__(target.host, target.port, timeout=TIMEOUT_SECONDS, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)


Refused = Mapping[str, tuple[int, bytes]]


def _deliver(target: Target, security: str, channel: Mapping[str, Any], mail: EmailMessage) -> Refused:
    context = ssl.create_default_context()
    client = _PinnedTLS(target, context) if security == "tls" else _Pinned(target)
    try:
        if security == "starttls":
            client.starttls(context=context)
        if user := channel.get("user"):
            client.login(str(user), str(channel.get("password", "")))
        return client.send_message(mail)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            client.quit()


def _expect_nobody_refused(target: Target, refused: Refused) -> None:
    if not refused:
        return
    people: Sequence[str] = [f"{address} ({_said(code, text)})" for address, (code, text) in refused.items()]
    permanent = any(code >= 500 for code, _ in refused.values())
    raise _failed(target, f"it does not deliver to {'; '.join(people)}", permanent=permanent)


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())[:200]}"


def _failed(target: Target, why: str, *, permanent: bool) -> ExternalError:
    return ExternalError(
        f"The mail server {target.host}:{target.port} did not take the message: {why}.", permanent=permanent
    )
