"""What is not let in, in the one shape of errors."""

from __future__ import annotations

import json

Headers = list[tuple[bytes, bytes]]


class Refused(Exception):
    """Answered before anything behind the door has seen the request: a status, and an error as the API words it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def answer(self) -> tuple[Headers, bytes]:
        """Headers and body."""
        body = json.dumps({"code": self.code, "message": str(self), "details": {}}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if self.status == 401:
            headers.append((b"www-authenticate", b'Bearer realm="AnsFlow"'))
        return headers, body
