"""`kill -9` while a server starts for the first time: keys, tables and administrator are made by the next start."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.installation import share
from tests.databases import KINDS, fresh
from tests.release import Progress
from tests.server_process import PASSWORD, ServerProcess
from tests.servers import free_port

LONGEST = 3.0  # seconds into a start; what is ready before is killed then


@pytest.mark.parametrize("database", KINDS)
def test_a_first_start_that_is_killed_is_made_good_by_the_next(
    database: str, tmp_path: Path, count: Callable[[str, int], None], progress: Progress[int]
) -> None:
    chance = random.Random(database)
    kills = share(database, 3, 120)
    for number in progress(range(kills), f"kill -9 of a first start ({database})"):
        folder = tmp_path / str(number)
        folder.mkdir()
        url = f"sqlite:///{folder}/data/ansflow.sqlite3" if database == "sqlite" else fresh(database)
        server = ServerProcess(folder, ANSFLOW_DATABASE_URL=url, ANSFLOW_PORT=str(free_port()))
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD)
        flags = ("--admin-email", "ann@example.com", "--admin-password-file", str(password))
        server.begin(*flags)
        server.live(chance.uniform(0.2, LONGEST))
        server.kill()
        server.start(*flags)
        try:
            assert server.api("GET", "auth/users/me/")["is_admin"] is True
            assert server.get("/readyz").status_code == 200
        finally:
            server.kill()
    count(f"kill -9 of a server's first start ({database})", kills)
