"""MySQL and MariaDB: texts are compared byte by byte, as on every other database.

Their default collations take `Build` and `build` for the same step. So every text column is made with a binary one;
what Django asks for regardless of case names another for that question.

The option `silent_seconds` ends a connection whose other side is gone without a word: the driver's own time-outs would
end every statement that takes long.
"""

from __future__ import annotations

import socket
from typing import Any

from django.db.backends.mysql import base

from ansflow.infra.database.mysql.schema import SchemaEditor

BINARY = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
ANY_CASE = "COLLATE utf8mb4_general_ci"
TEXTS = ("CharField", "FileField", "FilePathField", "SlugField", "TextField")


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    said: set[str] | None = None  # see `schema`
    _data_types = {
        name: f"{written} {BINARY}" if name in TEXTS else written
        for name, written in base.DatabaseWrapper._data_types.items()  # type: ignore[attr-defined]
    }
    operators = {
        **base.DatabaseWrapper.operators,
        "iexact": f"LIKE %s {ANY_CASE}",
        "icontains": f"LIKE %s {ANY_CASE}",
        "istartswith": f"LIKE %s {ANY_CASE}",
        "iendswith": f"LIKE %s {ANY_CASE}",
    }

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        seconds = conn_params.pop("silent_seconds", 0)
        connection = super().get_new_connection(conn_params)
        wire = connection._sock
        if seconds and wire.family != socket.AF_UNIX:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds // 2)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, seconds // 2)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)
        return connection
