"""Slack, WeCom, DingTalk and Feishu, against servers that check what the real ones check and answer as they do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansflow.core.errors import ExternalError
from ansflow.core.schema import Problems
from ansflow.plugins.contracts import Message
from ansflow.plugins.registry import notifier

KEY = "SEC0123456789canary"
Answer = tuple[int, bytes, dict[str, str]]


def said(status: int, body: Any) -> Answer:
    return status, body if isinstance(body, bytes) else json.dumps(body).encode(), {}


def slack(request: Any) -> Answer:
    try:
        body = json.loads(request.body)
    except ValueError:
        return said(400, b"invalid_payload")
    if not request.path.startswith("/services/T0/B0/"):
        return said(404, b"no_service")
    if not body.get("text"):
        return said(400, b"no_text")
    return said(200, b"ok")


def wecom(request: Any) -> Answer:
    if parse_qs(urlsplit(request.path).query).get("key") != ["k0"]:
        return said(200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1234]"})
    body = json.loads(request.body)
    if body["msgtype"] != "markdown" or set(body) != {"msgtype", "markdown"}:
        return said(200, {"errcode": 40008, "errmsg": "invalid message type"})
    if len(body["markdown"]["content"].encode()) > 4096:
        return said(200, {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"})
    return said(200, {"errcode": 0, "errmsg": "ok"})


def dingtalk(request: Any) -> Answer:
    query = parse_qs(urlsplit(request.path).query)
    if query.get("access_token") != ["t0"]:
        return said(200, {"errcode": 300001, "errmsg": "token is not exist"})
    timestamp, sign = query.get("timestamp", ["0"])[0], query.get("sign", [""])[0]
    digest = hmac.new(KEY.encode(), f"{timestamp}\n{KEY}".encode(), hashlib.sha256).digest()
    if abs(time.time() * 1000 - int(timestamp)) > 3_600_000 or sign != base64.b64encode(digest).decode():
        return said(200, {"errcode": 310000, "errmsg": "sign not match, more: [https://ding-doc.example]"})
    body = json.loads(request.body)
    if body["msgtype"] != "markdown" or not body["markdown"]["title"] or not body["markdown"]["text"]:
        return said(200, {"errcode": 40035, "errmsg": "缺少参数 json"})
    return said(200, {"errcode": 0, "errmsg": "ok"})


def feishu(request: Any) -> Answer:
    if request.path != "/open-apis/bot/v2/hook/h0":
        return said(200, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid", "data": {}})
    body = json.loads(request.body)
    key = f"{body.get('timestamp', 0)}\n{KEY}".encode()
    sign = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    if abs(time.time() - int(body.get("timestamp", 0))) > 3600 or body.get("sign") != sign:
        message = "sign match fail or timestamp is not within one hour from current time"
        return said(200, {"code": 19021, "msg": message, "data": {}})
    if body["msg_type"] != "interactive" or "elements" not in body["card"]:
        return said(400, {"code": 9499, "msg": "Bad Request", "data": {}})
    return said(200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})


SERVERS: dict[str, Callable[[Any], Answer]] = {"slack": slack, "wecom": wecom, "dingtalk": dingtalk, "feishu": feishu}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "slack": ("/services/T0/B0/canary", {}),
    "wecom": ("/cgi-bin/webhook/send?key=k0", {"mention": ("ann",)}),
    "dingtalk": ("/robot/send?access_token=t0", {"signing": KEY, "mobiles": ("13800000000",)}),
    "feishu": ("/open-apis/bot/v2/hook/h0", {"signing": KEY}),
}
WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "slack": ("/services/canary", {}, "HTTP status 404"),
    "wecom": ("/cgi-bin/webhook/send?key=canary", {}, "93000 invalid webhook url"),
    "dingtalk": ("/robot/send?access_token=canary", {}, "300001 token is not exist"),
    "feishu": ("/open-apis/bot/v2/hook/canary", {}, "19001 param invalid"),
}


def send(kind: str, receiver: Any, path: str, settings: dict[str, Any], message: Message) -> str:
    return notifier(kind).send(
        {"url": receiver.url(path), **settings}, message, key="42-abc", outbound=receiver.outbound()
    )


@pytest.mark.parametrize("kind", SERVERS)
def test_a_message_arrives_in_the_messengers_own_form(kind: str, receiver: Any, message: Message) -> None:
    receiver.answer = SERVERS[kind]
    path, settings = GOOD[kind]
    send(kind, receiver, path, settings, message)
    (request,) = receiver.requests
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    body = json.dumps(json.loads(request.body), ensure_ascii=False)
    assert "shop-api failed" in body
    assert "3 of 120 tests failed" in body
    assert "https://ci.example/executions/42" in body
    assert "0123456789ab" in body


@pytest.mark.parametrize("kind", SERVERS)
def test_a_refusal_within_a_good_http_answer_is_a_failure(kind: str, receiver: Any, message: Message) -> None:
    receiver.answer = SERVERS[kind]
    path, settings, expected = WRONG[kind]
    with pytest.raises(ExternalError, match=expected) as failure:
        send(kind, receiver, path, settings, message)
    assert failure.value.permanent
    assert "canary" not in str(failure.value)


@pytest.mark.parametrize("kind, expected", [("dingtalk", "310000 sign not match"), ("feishu", "19021 sign match fail")])
def test_a_wrong_signing_key_is_a_failure(kind: str, expected: str, receiver: Any, message: Message) -> None:
    receiver.answer = SERVERS[kind]
    for settings in ({}, {"signing": "SECwrong"}):
        with pytest.raises(ExternalError, match=expected):
            send(kind, receiver, GOOD[kind][0], settings, message)


@pytest.mark.parametrize(
    "kind, answer",
    [
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}),
        ("feishu", {"code": 11232, "msg": "frequency limited psm"}),
    ],
)
def test_asked_too_often_is_worth_another_try(kind: str, answer: Any, receiver: Any, message: Message) -> None:
    receiver.answer = lambda request: said(200, answer)
    with pytest.raises(ExternalError) as failure:
        send(kind, receiver, GOOD[kind][0], {}, message)
    assert not failure.value.permanent


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu"])
@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"[]", b"{}"])
def test_an_answer_that_is_not_the_messengers_is_a_failure(
    kind: str, body: bytes, receiver: Any, message: Message
) -> None:
    receiver.answer = lambda request: (200, body, {})
    with pytest.raises(ExternalError, match="did not take the message"):
        send(kind, receiver, GOOD[kind][0], {}, message)


def test_rocket_chat_says_no_with_a_good_status(receiver: Any, message: Message) -> None:
    receiver.answer = lambda request: said(200, {"success": False})
    with pytest.raises(ExternalError, match="did not take"):
        send("slack", receiver, "/hooks/x", {}, message)


@pytest.mark.parametrize("kind", SERVERS)
def test_nothing_in_a_message_becomes_a_link_or_a_mention(kind: str, receiver: Any) -> None:
    receiver.answer = SERVERS[kind]
    forged = "[click](http://evil.example) <http://evil.example|click> <!channel> <at id=all></at> <@all>"
    message = Message(subject=forged, text=forged, status="failed", facts={"Branch": forged})
    path, settings = GOOD[kind]
    send(kind, receiver, path, {**settings, "mention": (), "mobiles": ()}, message)
    body = json.dumps(json.loads(receiver.requests[0].body), ensure_ascii=False)
    header = json.dumps(message.subject) if kind == "feishu" else ""  # a card's title is plain text
    body = body.replace(header, "") if header else body
    assert "<!channel" not in body and "<at id" not in body and "<@all" not in body and "<http" not in body
    if kind != "slack":  # Slack has no such links
        assert "[click]" not in body


@pytest.mark.parametrize("kind, limit", [("slack", 40_000), ("wecom", 4096), ("dingtalk", 20_000), ("feishu", 20_480)])
def test_a_long_message_is_cut_to_what_the_messenger_takes(kind: str, limit: int, receiver: Any) -> None:
    receiver.answer = SERVERS[kind]
    path, settings = GOOD[kind]
    send(kind, receiver, path, settings, Message(subject="long", text="失败 " * 20_000, status="failed"))
    body = json.loads(receiver.requests[0].body)
    text = body["markdown"]["content"] if kind == "wecom" else json.dumps(body, ensure_ascii=False)
    assert len(text.encode()) <= limit
    assert "…" in text


@pytest.mark.parametrize("kind", SERVERS)
def test_settings_are_read_and_errors_named(kind: str) -> None:
    problems = Problems()
    notifier(kind).settings.read({"urll": "x"}, (), problems)
    assert any("The key 'url' is missing" in str(problem) for problem in problems)
    assert any("Unknown key 'urll'" in str(problem) for problem in problems)


def test_signatures_are_those_that_openssl_computes() -> None:
    from ansflow.notifiers.dingtalk import signed
    from ansflow.notifiers.feishu import signature

    # openssl dgst -sha256 -hmac: for Feishu the key is "1599360473\ndemo" and the text empty.
    assert signature("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
    assert signed("https://x/?access_token=t", "this is secret", milliseconds=1577262236757) == (
        "https://x/?access_token=t&timestamp=1577262236757&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"
    )
