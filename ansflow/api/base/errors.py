"""Every error in one shape: `{"code", "message", "details"}`; `details` names the fields in error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import Resolver404, resolve
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ansflow.core.errors import AnsFlowError, Conflict, ExternalError, Forbidden, InvalidSpec, NotAvailable, NotFound
from ansflow.infra.database.trouble import AWAY, why_not_written

log = logging.getLogger("ansflow.api")

STATUS: dict[type[AnsFlowError], int] = {
    InvalidSpec: 400,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    NotAvailable: 422,
    ExternalError: 502,
}
CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "not_available",
    429: "throttled",
    500: "internal",
    502: "external",
    503: "unavailable",
}
UNAVAILABLE = "The database does not answer. Try again in a moment."
SECONDS_AWAY = 5  # after which it is worth another try
MISSING = "There is no such thing, or you may not know of it."


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None: not an error that we raise on purpose; Django answers 500 and logs it."""
    if isinstance(error, AnsFlowError):
        return _response(_status(error), error.code, str(error), _details(error))
    if isinstance(error, DataError):  # a serializer let something through that a column cannot hold
        return _response(400, "invalid", "A value is too long or too large to be stored.", {})
    if isinstance(error, AWAY):
        log.warning("the database does not answer", exc_info=error)
        found = _response(503, "unavailable", why_not_written(error) or UNAVAILABLE, {})
        found.headers["Retry-After"] = str(SECONDS_AWAY)
        return found
    usual = exception_handler(error, dict(context))  # sets WWW-Authenticate and Retry-After
    if usual is None:
        return None
    code, message, details = _of_drf(error, usual)
    found = _response(usual.status_code, code, message, details)
    for name, value in usual.headers.items():
        if name != "Content-Type":
            found.headers[name] = value
    return found


def body(code: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "details": dict(details or {})}


def unknown_path(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler404: what no route answers."""
    hint = ""
    if not request.path.endswith("/") and _answers(request.path + "/"):
        hint = f" Paths end with a slash: {request.path}/"
    return JsonResponse(body("not_found", MISSING + hint), status=404)


def refused(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Django's handler400: a request that is malformed below what a route looks at."""
    if isinstance(exception, RequestDataTooBig):
        return JsonResponse(body("too_large", "The request is too large."), status=413)
    return JsonResponse(body("invalid", "The request is malformed."), status=400)


def failed(request: HttpRequest) -> JsonResponse:
    """Django's handler500. The traceback stands in the log, under the request's id."""
    error = sys.exception()
    if isinstance(error, AWAY):
        sentence = why_not_written(error) or UNAVAILABLE
        return JsonResponse(body("unavailable", sentence), status=503, headers={"Retry-After": str(SECONDS_AWAY)})
    number = request.headers.get("X-Request-ID", "")
    where = f" The server's log tells more under {number}." if number else " The server's log tells more."
    return JsonResponse(
        body("internal", "This failed, and it is our fault." + where, {"request_id": number}), status=500
    )


def _answers(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _response(status: int, code: str, message: str, details: Mapping[str, Any]) -> Response:
    return Response(body(code, message, details), status=status)


def _status(error: AnsFlowError) -> int:
    return next(status for kind, status in STATUS.items() if isinstance(error, kind))


def _details(error: AnsFlowError) -> dict[str, Any]:
    """Per field the sentences; beside them, for texts with lines, every problem with its place."""
    if not isinstance(error, InvalidSpec):
        return error.details
    details: dict[str, Any] = {}
    for problem in error.problems:
        field = ".".join(str(part) for part in problem.path) or "source"
        details.setdefault(field, []).append(" ".join(filter(None, (problem.message, problem.hint))))
    if any(problem.line for problem in error.problems):
        details["problems"] = [problem.for_programs() for problem in error.problems]
    return details


def _of_drf(error: Exception, usual: Response) -> tuple[str, str, dict[str, Any]]:
    if isinstance(error, exceptions.ValidationError):
        details = _flat(error.detail)
        named = ", ".join(details)
        return "invalid", f"Some fields do not fit: {named}.", details
    if isinstance(error, Http404 | exceptions.NotFound):
        return "not_found", MISSING, {}
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        why = str(getattr(error, "detail", ""))
        return "forbidden", why if why.startswith("CSRF") else "You may not do this.", {}
    code = CODES.get(usual.status_code, getattr(error, "default_code", "error"))
    return code, str(getattr(error, "detail", error)), {}


def _flat(detail: Any, path: str = "") -> dict[str, Any]:
    """`{"steps": [{"name": ["…"]}]}` → `{"steps.0.name": ["…"]}`."""
    if isinstance(detail, Mapping):
        items = [(str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        items = [(str(index), value) for index, value in enumerate(detail)]
    else:
        return {path or "non_field_errors": [str(item) for item in (detail if isinstance(detail, list) else [detail])]}
    flat: dict[str, Any] = {}
    for key, value in items:
        flat.update(_flat(value, f"{path}.{key}" if path else key))
    return flat
