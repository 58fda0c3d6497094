"""A server, as its client sees it: JSON in, JSON out, errors as our own."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import httpx2

from ansflow import __version__
from ansflow.cli.remote.hosts import Host, Hosts
from ansflow.cli.sentences import translated
from ansflow.cli.texts import t
from ansflow.core.errors import AnsFlowError, Conflict, ExternalError, Forbidden, InvalidSpec, NotFound, Problem

Json = dict[str, Any]
TIMEOUT = httpx2.Timeout(10.0, read=60.0)
ERRORS: Mapping[int, type[AnsFlowError]] = {403: Forbidden, 404: NotFound, 409: Conflict}


class NotSignedIn(AnsFlowError):
    """The server does not know who asks. Ends with an exit code of its own."""

    code = "not_signed_in"


class Server:
    """`Server.asked(args)` is the one that the command line means."""

    def __init__(self, host: Host, transport: httpx2.BaseTransport | None = None) -> None:
        self.host = host
        self._client = httpx2.Client(
            base_url=f"{host.url}/api/v1/",
            headers={"User-Agent": f"ansflow/{__version__}", "Accept": "application/json"},
            timeout=TIMEOUT,
            follow_redirects=False,  # a token is for this address alone
            transport=transport,
        )

    @classmethod
    def asked(cls, args: argparse.Namespace) -> Server:
        """Raises NotSignedIn where nobody has signed in to it."""
        host = Hosts().chosen(args.server)
        if not host.token:
            raise NotSignedIn(t("login.first", url=host.url))
        return cls(host)

    def get(self, path: str, **query: Any) -> Json:
        return cast(Json, self._json("GET", path, query=query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        return cast(Json, self._json("POST", path, body=body or {}))

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        return cast(Json, self._json("PATCH", path, body=body))

    def delete(self, path: str) -> None:
        self._json("DELETE", path)

    def every(self, path: str, *, limit: int | None = None, **query: Any) -> Iterator[Json]:
        """The things of a list, page by page, until `limit`."""
        page, left = 1, limit
        while left is None or left > 0:
            size = min(left or 200, 200)
            answer = self.get(path, **query, page=page, page_size=size)
            found = answer["results"]
            yield from found if left is None else found[:left]
            if not answer["next"]:
                return
            left = None if left is None else left - len(found)
            page += 1

    def read(self, path: str, **query: Any) -> bytes:
        """What is no JSON: a piece of a log, a file."""
        return self._send("GET", path, query=query, accept="*/*").content

    def read_part(self, path: str, start: int, end: int) -> bytes:
        """Bytes of a file, of which `end` is the first that is left out."""
        return self._send("GET", path, accept="*/*", part=f"bytes={start}-{end - 1}").content

    def _json(self, method: str, path: str, **more: Any) -> Any:
        answer = self._send(method, path, **more)
        if not answer.content:
            return {}
        try:
            return answer.json()
        except ValueError:
            raise ExternalError(t("remote.no_json", url=self.host.url), permanent=True) from None

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        part: str = "",
    ) -> httpx2.Response:
        headers = {"Accept": accept, **({"Range": part} if part else {})}
        if self.host.token:
            headers["Authorization"] = f"Bearer {self.host.token}"
        given = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        try:
            answer = self._client.request(method, path, params=given, json=body, headers=headers)
        except httpx2.HTTPError as error:
            message = t("remote.unreachable", url=self.host.url, why=why_of(error))
            raise ExternalError(message, permanent=False) from None
        if answer.is_success:
            return answer
        raise error_of(answer, self.host.url)


def why_of(error: Exception) -> str:
    """What the system says, or else a library, as a part of a sentence of ours."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return translated(inner.strerror)
        inner = inner.__cause__ or inner.__context__
    return str(error).rstrip(".") or type(error).__name__


def error_of(answer: httpx2.Response, url: str) -> AnsFlowError:
    """The server's refusal as one of our errors."""
    try:
        said = json.loads(answer.content)
        code, message, details = str(said["code"]), str(said["message"]), dict(said["details"])
    except (ValueError, KeyError, TypeError):
        return ExternalError(t("remote.strange", url=url, status=answer.status_code), permanent=True)
    if answer.status_code == 401:
        return NotSignedIn(t("login.again", url=url))
    if answer.status_code == 400:
        return InvalidSpec(_problems(code, message, details))
    kind = ERRORS.get(answer.status_code)
    if kind is not None:
        return kind(message, code=code)
    return ExternalError(message, permanent=answer.status_code < 500 and answer.status_code != 429, code=code)


def problem_of(said: Mapping[str, Any]) -> Problem:
    known = ("code", "message", "hint", "line", "column", "file")
    return Problem(**{name: said[name] for name in known if name in said})


def _problems(code: str, message: str, details: Mapping[str, Any]) -> list[Problem]:
    """With their lines where the server has placed them; else field by field."""
    placed = details.get("problems")
    if isinstance(placed, list):
        return [problem_of(one) for one in placed]
    found = [
        Problem(code=code, message=_of_a_field(field, sentence))
        for field, sentences in details.items()
        for sentence in (sentences if isinstance(sentences, list) else [sentences])
    ]
    return found or [Problem(code=code, message=message)]


def _of_a_field(field: str, sentence: str) -> str:
    return sentence if field in {"source", "non_field_errors"} else f"{field}: {translated(str(sentence))}"
