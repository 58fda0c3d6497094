from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from ansflow.core.errors import ExternalError
from ansflow.notifiers.webhook import Webhook, signature
from ansflow.plugins.contracts import Message

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()


def verified(request: Any, key: str) -> bool:
    """As a receiver checks it: over the raw body, by one of the signatures, not older than five minutes."""
    headers = request.headers
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 300
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    wanted = base64.b64encode(hmac.new(base64.b64decode(key[6:]), content, hashlib.sha256).digest()).decode()
    return any(part == f"v1,{wanted}" for part in headers["webhook-signature"].split(" "))


def test_the_signature_is_that_of_the_standard() -> None:
    # The worked example of the Standard Webhooks specification and its libraries.
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert (
        signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_receiver_can_verify_the_message_with_either_of_two_keys(receiver: Any, message: Message) -> None:
    said = Webhook().send(
        {"url": receiver.url("/hook"), "signing": [OLD, NEW]}, message, key="42-abc", outbound=receiver.outbound()
    )
    (request,) = receiver.requests
    assert verified(request, OLD) and verified(request, NEW)
    assert not verified(request, "whsec_" + base64.b64encode(b"x" * 32).decode())
    assert request.headers["webhook-id"] == "42-abc"
    body = json.loads(request.body)
    assert body["type"] == "execution.failed"
    assert body["data"]["execution"] == 42
    assert body["data"]["facts"]["Author"] == "安 <an@example>"
    assert said == "answered with HTTP status 200"


@pytest.mark.parametrize(
    "status, permanent", [(400, True), (401, True), (410, True), (429, False), (500, False), (503, False)]
)
def test_a_refusal_is_an_error_that_says_whether_to_try_again(
    receiver: Any, message: Message, status: int, permanent: bool
) -> None:
    receiver.answer = lambda request: (status, b"token=canary", {})
    with pytest.raises(ExternalError) as failure:
        Webhook().send({"url": receiver.url("/t0ken?key=canary")}, message, key="k", outbound=receiver.outbound())
    assert failure.value.permanent is permanent
    assert "canary" not in str(failure.value) and "t0ken" not in str(failure.value)


def test_a_redirect_is_not_followed(receiver: Any, message: Message) -> None:
    receiver.answer = lambda request: (307, b"", {"location": receiver.url("/elsewhere")})
    with pytest.raises(ExternalError, match="redirect"):
        Webhook().send({"url": receiver.url("/hook")}, message, key="k", outbound=receiver.outbound())
    assert [request.path for request in receiver.requests] == ["/hook"]


@pytest.mark.parametrize("key", ["", "whsec_", "whsec_c2hvcnQ=", "not base64!"])
def test_a_weak_or_malformed_key_is_refused(receiver: Any, message: Message, key: str) -> None:
    with pytest.raises(ExternalError, match="whsec_<base64"):
        Webhook().send({"url": receiver.url(), "signing": [key]}, message, key="k", outbound=receiver.outbound())
    assert receiver.requests == []
