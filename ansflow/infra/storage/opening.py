"""What ANSFLOW_STORAGE_URL names: `s3://bucket/prefix?endpoint=https://…&region=…`, or `file:///folder`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ansflow.core.errors import InvalidSpec, Problem

FORM = (
    "an address such as s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-west-1, "
    "or file:///srv/ansflow for a folder that every machine sees"
)
KNOWN = {"endpoint", "region", "virtual_hosted"}
SECONDS_TO_TRY = 60


def parse(url: str) -> SplitResult:
    """Raises ValueError with what is wanted. A key in it is refused: addresses end up in logs."""
    if folder_in(url) is not None:
        return urlsplit(url)
    parts = urlsplit(url)
    asked = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme != "s3" or not parts.hostname or parts.netloc != parts.hostname or set(asked) - KNOWN:
        raise ValueError(FORM)
    return parts


def folder_in(url: str) -> Path | None:
    """The folder that a `file:` address names; None for another one. Raises ValueError with what is wanted."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    folder = unquote(parts.path)
    inside = [part for part in folder.split("/") if part]
    if (
        parts.netloc
        or not folder.startswith("/")
        or "?" in url
        or "#" in url
        or not inside
        or ".." in inside
        or "\0" in folder
    ):
        raise ValueError(FORM)
    return Path("/", *inside)


def open_store(url: str, *, credentials: tuple[str, str] | None = None) -> Any:
    """Without credentials, those are taken that AWS's own tools would take. Nothing is asked of the store yet."""
    try:
        from obstore.store import S3Store  # noqa: PLC0415 — an extra
    except ImportError:
        message = "ANSFLOW_STORAGE_URL needs the extra s3: pip install 'ansflow[s3]'."
        raise InvalidSpec([Problem(code="not_available", message=message)]) from None
    parts = parse(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    config: Any = {"region": asked.get("region", "us-east-1")}
    if endpoint := asked.get("endpoint"):
        config["endpoint"] = endpoint
    if asked.get("virtual_hosted") == "true":
        config["virtual_hosted_style_request"] = True
    if credentials is not None:
        config["access_key_id"], config["secret_access_key"] = credentials
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,
        client_options={"allow_http": (endpoint or "").startswith("http://"), "timeout": "30s"},
        retry_config={"max_retries": 8, "retry_timeout": timedelta(seconds=SECONDS_TO_TRY)},
    )
