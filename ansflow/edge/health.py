"""`/healthz`: this process answers. `/readyz`: it can do its work. `/metrics`: what it has done."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ansflow.edge.measures import Measures

PROBES = ("/healthz", "/readyz")
SECONDS = 2.0  # within which a check must have answered
NO_STORE = {"cache-control": "no-store"}

Check = Callable[[], str]
"""Says in a few words what is wrong, "" when nothing is. May block."""


class Health:
    """`checks` by name. `token` is what `/metrics` wants; without one, only this machine may ask. What `warnings` say
    is told, and no reason to take this process out of service: another one is missing."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        measures: Measures,
        *,
        token: str,
        behind_proxy: bool,
        warnings: Mapping[str, Check] | None = None,
    ) -> None:
        self._checks = checks
        self._warnings = warnings or {}
        self._measures = measures
        self._token = token
        self._behind_proxy = behind_proxy
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ansflow-health")
        self._now: asyncio.Future[Mapping[str, str]] | None = None

    async def healthz(self, request: Request) -> Response:
        request.state.operation = "/healthz"
        return PlainTextResponse("ok\n", headers=NO_STORE)

    async def readyz(self, request: Request) -> Response:
        request.state.operation = "/readyz"
        found = await self._found()
        wrong = any(said for name, said in found.items() if name not in self._warnings)
        told = {name: said or "ok" for name, said in found.items()}
        return JSONResponse({"ready": not wrong, "checks": told}, 503 if wrong else 200, headers=NO_STORE)

    async def metrics(self, request: Request) -> Response:
        request.state.operation = "/metrics"
        if not self._may_see(request):
            message = "Metrics are shown to this machine, or with the token in ANSFLOW_METRICS_TOKEN_FILE."
            return JSONResponse({"code": "forbidden", "message": message, "details": {}}, 403)
        text = await asyncio.get_running_loop().run_in_executor(self._thread, self._measures.text)
        return Response(text, media_type=CONTENT_TYPE_LATEST, headers=NO_STORE)

    async def _found(self) -> Mapping[str, str]:
        """All who ask at once share one look: a database that hangs is not asked by each of them."""
        if self._now is None or self._now.done():
            self._now = asyncio.get_running_loop().run_in_executor(self._thread, self._look)
        try:
            return await asyncio.wait_for(asyncio.shield(self._now), SECONDS)
        except TimeoutError:
            return {"checks": f"no answer within {SECONDS:.0f} seconds"}

    def _look(self) -> Mapping[str, str]:
        return {name: check() for name, check in {**self._checks, **self._warnings}.items()}

    def _may_see(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        if self._token:
            return hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode())
        return request.state.direct and not self._behind_proxy and _is_loopback(request.state.peer)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
