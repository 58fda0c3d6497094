"""An installation under chaos: a server, its database, its clients and its witness, and at the end the checker.

with Installation(folder, "mariadb", kinds=("work",), seed=1) as one:
    one.people.begin()
    one.server.kill(); …
    one.finish()                       # ends everything in peace
    assert one.violations() == []
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from time import monotonic
from types import TracebackType

from tests.chaos.checker import Seen, violations
from tests.chaos.people import People
from tests.chaos.reading import Given, seen
from tests.chaos.work import Witness
from tests.databases import KINDS as DATABASES
from tests.databases import fresh
from tests.release import RELEASE
from tests.server_process import ServerProcess
from tests.servers import free_port


def share(kind: str, in_ci: int, before_a_release: int) -> int:
    """Of so many in all, those that fall to one kind of database."""
    total, place = before_a_release if RELEASE else in_ci, DATABASES.index(kind)
    return total * (place + 1) // len(DATABASES) - total * place // len(DATABASES)


class Installation:
    def __init__(self, folder: Path, database: str, *, kinds: tuple[str, ...], seed: int, url: str = "") -> None:
        self.random = random.Random(seed)
        self.url = url or (f"sqlite:///{folder}/data/ansflow.sqlite3" if database == "sqlite" else fresh(database))
        self.server = ServerProcess(
            folder,
            ANSFLOW_ALLOW_HOST_EXECUTOR="true",
            ANSFLOW_DATABASE_URL=self.url,
            ANSFLOW_PORT=str(free_port()),  # the same in every life
        )
        self.witness = Witness(folder / "witness")
        self.people = People(self.server, self.witness, kinds=kinds, seed=seed)
        self.seconds_to_ready: list[float] = []
        self.seen: Seen | None = None

    def __enter__(self) -> Installation:
        self.server.start_with_administrator()
        self.people.move_in()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.server.is_running:
            self.server.kill()

    def live(self, longest: float) -> None:
        """Goes on for a time that chance decides, unless the server ends by itself."""
        self.server.live(self.random.uniform(0.0, longest))

    def start(self) -> None:
        began = monotonic()
        self.server.start()
        self.seconds_to_ready.append(monotonic() - began)

    def log_of_the_database(self) -> int:
        """Bytes that stand beside SQLite's file and are not yet in it; 0 for another database."""
        log = self.server.folder / "data" / "ansflow.sqlite3-wal"
        return log.stat().st_size if log.exists() else 0

    def finish(self) -> None:
        """Sees every execution to its end, asks for all that the API gives, and stops the server."""
        self.people.finish()
        given = Given(self.server, self.people.token)
        given.read()
        assert self.server.stop() == 0
        self.seen = seen(self.url, self.witness, self.people.told, given)

    def violations(self) -> list[str]:
        assert self.seen is not None
        return violations(self.seen)

    def repairs(self) -> dict[str, float]:
        """What the server has repaired in this life, by rule."""
        found = re.findall(r'ansflow_repairs_total{rule="([^"]+)"} (\S+)', self.server.get("/metrics").text)
        return {rule: float(number) for rule, number in found if float(number)}
