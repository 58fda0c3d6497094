"""Content that is downloaded, whole or in part. Never shown in a page: what a step made is not ours to trust."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from ansflow.api.base.errors import CODES, body

RANGE = re.compile(r"bytes=(?!-\Z)(\d{0,18})-(\d{0,18})\Z")
"""One range. Any other form is passed over, and the whole is given."""
KNOWN = {304: "It is as you know it by If-None-Match."}
PARTS = {206: "The part that was asked for with Range.", **KNOWN}
"""Further good ends of an attachment."""
Read = Callable[[int, int], Iterator[bytes]]
"""`read(start, end)`, piece by piece."""


def attachment(
    read: Read,
    name: str,
    size: int,
    *,
    sha256: str,
    asked_range: str,
    known: str,
    media_type: str = "application/octet-stream",
) -> HttpResponseBase:
    """`asked_range` and `known` are the headers Range and If-None-Match. Without a digest it may still grow."""
    if sha256 and known == f'"{sha256}"':
        answer: HttpResponseBase = HttpResponse(status=304)
    else:
        part = RANGE.match(asked_range)
        start, end = _wanted(part, size) if part else (0, size)
        if part and start >= end:
            said = body(CODES[416], f"There is nothing in that range: the content has {size} bytes.")
            answer = JsonResponse(said, status=416, headers={"Content-Range": f"bytes */{size}"})
        else:
            answer = StreamingHttpResponse(read(start, end), media_type, status=206 if part else 200)
            answer["Content-Length"] = str(end - start)
            answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
            if part:
                answer["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if sha256:
        answer["ETag"] = f'"{sha256}"'
        answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
    answer["Accept-Ranges"] = "bytes"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _wanted(part: re.Match[str], size: int) -> tuple[int, int]:
    """(start, end), the end exclusive; nothing lies between them where the range is outside of the file."""
    if not part[1]:  # the last so many
        return max(0, size - int(part[2])), size
    return int(part[1]), min(int(part[2]) + 1, size) if part[2] else size
