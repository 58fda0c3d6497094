"""Where the archives with the pipelines' texts are kept: with the logs and artifacts, those of the newest few days."""

from __future__ import annotations

from datetime import UTC, datetime

from ansflow.apps.pipelines.keeping import packed_sources
from ansflow.config.settings import Settings
from ansflow.config.storage import open_objects, storage_folder
from ansflow.infra.storage.names import write_bytes

FOLDER = "pipelines"
KEPT = 14


def keep_pipelines(settings: Settings) -> dict[str, int]:
    """Writes today's, and removes those that are too many. Counts the pipelines in it."""
    content, number = packed_sources()
    name = f"pipelines-{datetime.now(UTC):%Y%m%d}.zip"  # however often it is called for, the older ones stay
    folder = storage_folder(settings)
    if folder is not None:
        place = folder / FOLDER
        place.mkdir(exist_ok=True, mode=0o700)
        write_bytes(place / name, content)
        for old in sorted(place.glob("pipelines-*.zip"))[:-KEPT]:
            old.unlink(missing_ok=True)
    else:
        objects = open_objects(settings)
        objects.put(f"{FOLDER}/{name}", [content])
        kept = sorted(found.path for found in objects.listed(FOLDER))
        if kept[:-KEPT]:
            objects.delete(kept[:-KEPT])
    return {"pipelines": number}
