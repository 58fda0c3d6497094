from __future__ import annotations

import email
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from email.policy import default
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from ansflow.core.errors import ExternalError
from ansflow.notifiers.email import Email
from ansflow.plugins.contracts import Message
from ansflow.plugins.outbound import Outbound

PASSWORD = "correct horse battery"


class Box:
    """A mail server's handler that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse: dict[str, str] = {}

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if answer := self.refuse.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self.recipients.append(envelope.rcpt_tos)
        return "250 Message accepted"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with key and certificate for the name localhost."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: no certificate can be made")
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        [*command.split(), "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True
    )
    (folder / "both").write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return folder / "both"


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[..., tuple[Box, int]]]:
    controllers: list[Controller] = []

    def start(security: str, *, password: str = "") -> tuple[Box, int]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        box = Box()

        def authenticate(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
            return AuthResult(success=data.login == b"ci" and data.password == password.encode(), handled=False)

        options: dict[str, Any] = {}
        if password:
            options = {"authenticator": authenticate, "auth_required": security == "starttls"}
            options["auth_require_tls"] = security == "starttls"
        if security == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        controller = Controller(
            box, hostname="127.0.0.1", port=free_port(), ssl_context=context if security == "tls" else None, **options
        )
        controller.start()
        controllers.append(controller)
        return box, controller.port

    yield start
    for controller in controllers:
        controller.stop()


def free_port() -> int:
    with closing(socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def channel(port: int, **settings: Any) -> dict[str, Any]:
    return {"server": f"localhost:{port}", "from": "ci@example.com", "to": ("ann@example.com",), **settings}


def send(message: Message, port: int, **settings: Any) -> str:
    outbound = Outbound([f"localhost:{port}"])
    return Email().send(channel(port, **settings), message, key="42-abc", outbound=outbound)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_arrives_encrypted_and_after_a_login(
    serve: Any, message: Message, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box, port = serve(security, password=PASSWORD)
    said = send(
        message, port, security=security, user="ci", password=PASSWORD, to=("ann@example.com", "bo@example.com")
    )
    (mail,) = box.mails
    assert mail["Subject"] == "shop-api failed"
    assert mail["Message-ID"] == "<42-abc@ansflow>"
    assert "Author: 安 <an@example>" in mail.get_content()
    assert "https://ci.example/executions/42" in mail.get_content()
    assert box.recipients == [["ann@example.com", "bo@example.com"]]
    assert said == "accepted by localhost for ann@example.com, bo@example.com"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_stops_the_message(serve: Any, message: Message, security: str) -> None:
    box, port = serve(security)
    with pytest.raises(ExternalError, match="its certificate is not trusted") as failure:
        send(message, port, security=security)
    assert failure.value.permanent
    assert box.mails == []


def test_a_server_without_starttls_gets_no_message(serve: Any, message: Message) -> None:
    box, port = serve("none")
    with pytest.raises(ExternalError, match="STARTTLS"):
        send(message, port)
    assert box.mails == []


def test_a_wrong_password_is_named_without_being_shown(
    serve: Any, message: Message, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    box, port = serve("starttls", password=PASSWORD)
    with pytest.raises(ExternalError, match="535") as failure:
        send(message, port, user="ci", password="wrong canary")
    assert failure.value.permanent
    assert "canary" not in str(failure.value)
    assert box.mails == []


def test_a_password_is_never_sent_in_the_clear(serve: Any, message: Message) -> None:
    box, port = serve("none")
    with pytest.raises(ExternalError, match="not sent in the clear"):
        send(message, port, security="none", user="ci", password=PASSWORD)
    assert box.mails == []


@pytest.mark.parametrize("answer, permanent", [("550 no such user", True), ("451 try later", False)])
def test_a_refused_recipient_is_named(serve: Any, message: Message, answer: str, permanent: bool) -> None:
    box, port = serve("none")
    box.refuse["gone@example.com"] = answer
    with pytest.raises(ExternalError, match=f"gone@example.com .{answer}") as failure:
        send(message, port, security="none", to=("ann@example.com", "gone@example.com"))
    assert failure.value.permanent is permanent


def test_nobody_listening_is_worth_another_try(message: Message) -> None:
    with pytest.raises(ExternalError, match="Connection refused") as failure:
        send(message, free_port(), security="none")
    assert not failure.value.permanent


def test_a_line_break_in_the_subject_makes_no_header(serve: Any, message: Message) -> None:
    box, port = serve("none")
    forged = Message(subject="failed\r\nBcc: eve@example.com", text="x")
    send(forged, port, security="none")
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "failed Bcc: eve@example.com"


def test_a_mail_server_inside_is_not_called_unless_allowed(message: Message) -> None:
    with pytest.raises(ExternalError, match="ANSFLOW_ALLOW_PRIVATE_HOSTS=localhost:2525"):
        Email().send(channel(2525), message, key="k", outbound=Outbound())
