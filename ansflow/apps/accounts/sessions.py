"""Sessions in the database under a hash of their key: who reads the table, or a copy of it, can be nobody.

Django's own would keep the very text that the cookie of a browser holds.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

LENGTH = 40  # characters that the column holds: 160 bits


def stored(session_key: str) -> str:
    """What stands in the table for a session's key."""
    return sha256(f"ansflow.session {session_key}".encode()).hexdigest()[:LENGTH]


class SessionStore(DatabaseSessions):
    """What Django's SESSION_ENGINE asks for. Nothing here is asynchronous: Django runs in threads."""

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        made = super().create_model_instance(data)
        made.session_key = stored(made.session_key)
        return made

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            super().delete(stored(key))

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        known = {"session_key": stored(self.session_key or ""), "expire_date__gt": timezone.now()}
        found: AbstractBaseSession | None = self.get_model_class().objects.filter(**known).first()
        if found is None:
            self._session_key = None
        return found
