"""One server for all tests of the web app that one process runs, and a browser for those of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.web.browser import MISSING, chromium
from tests.e2e.web.furnished import furnish
from tests.e2e.web.peopled import Ids, find, people
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
def furnished(server: ServerProcess) -> ServerProcess:
    """The same server, with something to look at."""
    furnish(server)
    people(server)
    return server


@pytest.fixture(scope="session")
def ids(furnished: ServerProcess) -> Ids:
    return find(furnished)


@pytest.fixture(scope="module")
def browser(server: ServerProcess) -> Iterator[Browser]:
    """For one module: while it lives, an event loop runs in this thread, and other tests want their own."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """Where steps of the server look whether they may go on."""
    folder = tmp_path / "go"
    folder.mkdir()
    for place in (folder, *folder.parents[:3]):
        place.chmod(0o755)
    return folder
