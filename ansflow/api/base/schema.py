"""OpenAPI, as drf-spectacular draws it."""

from __future__ import annotations

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """What every operation has in common is said by `operation`; nothing is guessed here."""
