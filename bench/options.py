"""How much to measure."""

from __future__ import annotations

from dataclasses import dataclass

from bench.databases import KINDS
from bench.peers.servers import PEERS

BROKERS = ("redis", "rabbitmq")


@dataclass(frozen=True, slots=True)
class Options:
    """`million`: the large history has 1,000,000 executions."""

    runs: int = 5
    largest: int = 10_000
    only: str = ""
    databases: tuple[str, ...] = KINDS
    brokers: tuple[str, ...] = BROKERS
    peers: tuple[str, ...] = tuple(PEERS)
    million: bool = False
