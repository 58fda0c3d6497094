"""A database whose machine is gone without a word is noticed: no connection waits for it longer than a lease."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from django.db import connections

from ansflow.config.databases import SILENT_SECONDS
from tests.databases import migrated


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_connection_ends_where_the_network_answers_nothing(kind: str, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        connection = connections[migrated(kind)]
        connection.ensure_connection()
        driver = connection.connection
        number = driver.fileno() if kind == "postgresql" else driver._sock.fileno()
    with socket.socket(fileno=os.dup(number)) as wire:
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == SILENT_SECONDS // 2
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENT_SECONDS * 1000


def test_postgresql_lets_go_of_a_client_that_is_gone_in_the_middle_of_a_transaction(django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), connections[migrated("postgresql")].cursor() as cursor:
        for name, value in (("tcp_user_timeout", SILENT_SECONDS * 1000), ("tcp_keepalives_idle", SILENT_SECONDS // 2)):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (str(value),)
