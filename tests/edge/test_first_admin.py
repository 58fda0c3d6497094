from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from ansflow.core.errors import Conflict, InvalidSpec, Problem
from ansflow.edge import first_admin
from ansflow.edge.first_admin import LOCALES, FirstAdmin
from tests.edge.conftest import Answer, Asked, Open

GIVEN = {"username": "ann", "email": "ann@example.com", "password": "correct-horse", "again": "correct-horse"}


class Offer:
    """A link, where it leads, and who was made there."""

    def __init__(self, open_edge: Open) -> None:
        self.made: list[dict[str, Any]] = []
        self.fails: Exception | None = None
        self.page = FirstAdmin(self._make)
        self.asked: Asked = open_edge(pages=[self.page.route])

    def _make(self, **given: Any) -> None:
        if self.fails:
            raise self.fails
        self.made.append(given)

    def post(self, link: str, language: str = "", **other: str) -> Answer:
        form = urlencode(GIVEN | other).encode()
        kind = "application/x-www-form-urlencoded"
        return self.asked.get(link, method="POST", body=form, content_type=kind, accept_language=language)


@pytest.fixture
def offer(open_edge: Open) -> Offer:
    return Offer(open_edge)


def test_the_link_makes_one_administrator_and_is_good_no_more(offer: Offer) -> None:
    link = offer.page.link()
    assert offer.asked.get(link).status == 200
    done = offer.post(link)
    assert (done.status, b'href="/sign-in">Sign in</a>' in done.body) == (200, True)
    assert [made["username"] for made in offer.made] == ["ann"]
    assert offer.asked.get(link).status == offer.post(link).status == 404
    assert len(offer.made) == 1


def test_a_newer_link_ends_the_one_before(offer: Offer) -> None:
    old, new = offer.page.link(), offer.page.link()
    assert (offer.asked.get(old).status, offer.asked.get(new).status) == (404, 200)


def test_a_link_ends_with_its_hour(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    link = offer.page.link()
    soon = first_admin.monotonic() + first_admin.SECONDS
    monkeypatch.setattr(first_admin, "monotonic", lambda: soon + 1)
    assert offer.post(link).status == 404
    assert offer.made == []


@pytest.mark.parametrize("code", ["x", "../healthz", "%00", "A" * 5000])
def test_a_guess_opens_nothing(offer: Offer, code: str) -> None:
    offer.page.link()
    assert offer.post(f"/first-admin/{code}/").status in (200, 404)
    assert offer.made == []


def test_without_a_link_the_page_does_not_exist(offer: Offer) -> None:
    assert offer.post("/first-admin//").status in (200, 404)
    assert offer.post("/first-admin/x/").status == 404
    assert offer.made == []


def test_the_code_stands_in_no_log(offer: Offer, next_line: Callable[[], Any]) -> None:
    link = offer.page.link()
    offer.asked.get(link)
    assert link.split("/")[2] not in str(next_line().__dict__)


def test_what_is_wrong_stands_at_its_field_and_the_link_stays_good(offer: Offer) -> None:
    link = offer.page.link()
    offer.fails = InvalidSpec([Problem(code="invalid", message="Too <short>.", path=("password",))])
    answer = offer.post(link)
    assert answer.status == 400
    assert b"Too &lt;short&gt;." in answer.body
    assert b"correct-horse" not in answer.body
    offer.fails = Conflict("There is an administrator already.")
    assert b"already" in offer.post(link).body
    offer.fails = None
    assert offer.post(link).status == 200


def test_two_different_passwords_make_nobody(offer: Offer) -> None:
    assert offer.post(offer.page.link(), again="another").status == 400
    assert offer.made == []


def test_what_was_typed_cannot_become_markup(offer: Offer) -> None:
    answer = offer.post(offer.page.link(), username='"><script>alert(1)</script>', again="x")
    assert b"<script>" not in answer.body


def test_the_page_runs_no_script_and_is_kept_by_nobody(offer: Offer) -> None:
    headers = offer.asked.get(offer.page.link()).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ("zh-CN,zh;q=0.9", "zh-hans"),
        ("ja, zh-TW;q=0.8, en;q=0.5", "zh-hans"),
        ("de,en;q=0.8,zh;q=0.5", "en"),
        ("de", "en"),
    ],
)
def test_the_page_and_who_is_made_there_speak_the_first_language_of_the_browser_that_we_speak(
    offer: Offer, wishes: str, language: str
) -> None:
    link = offer.page.link()
    assert f'<html lang="{language}">'.encode() in offer.asked.get(link, accept_language=wishes).body
    offer.post(link, language=wishes)
    assert offer.made[0]["language"] == language


def test_both_languages_have_the_same_texts() -> None:
    english, chinese = (json.loads((LOCALES / f"{name}.json").read_text()) for name in ("en", "zh"))
    assert english.keys() == chinese.keys()
