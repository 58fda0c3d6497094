from __future__ import annotations

from tests.house import house, world

__all__ = ["house", "world"]
