"""One server and one browser for all tests of the web app that one process runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.web.browser import MISSING, chromium
from tests.server_process import ServerProcess


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    if MISSING:
        pytest.skip(MISSING)
    process = ServerProcess(tmp_path_factory.mktemp("web"), ANSFLOW_ALLOW_HOST_EXECUTOR="true")
    process.start_with_administrator()
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="session")
def browser(server: ServerProcess) -> Iterator[Browser]:
    with chromium() as opened:
        yield opened
