"""The latest text of every pipeline in one archive, so that a pipeline can be brought back without the database."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.utils import timezone

from ansflow.apps.pipelines.models import Pipeline

MANIFEST = "manifest.json"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the only time in the archive: the same texts make the same bytes


def packed_sources() -> tuple[bytes, int]:
    """A ZIP of `<tenant>/<project>/<pipeline>.yml` with the templates beside it, and how many pipelines are in it."""
    buffer, about = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for pipeline in _pipelines():
            if pipeline.latest is None:
                continue
            folder = "/".join(_safe(part) for part in (pipeline.project.tenant.name, pipeline.project.name))
            path = f"{folder}/{_safe(pipeline.name)}.yml"
            _add(archive, path, pipeline.latest.source)
            for name, text in pipeline.latest.templates.items():
                _add(archive, f"{folder}/{_safe(pipeline.name)}.templates/{_safe(name)}", text)
            about.append(_about(pipeline, path))
        made = {"at": timezone.now().isoformat(), "pipelines": about}
        _add(archive, MANIFEST, json.dumps(made, ensure_ascii=False, indent=1))
    return buffer.getvalue(), len(about)


def _pipelines() -> Iterator[Pipeline]:
    found = Pipeline.objects.filter(latest__isnull=False).select_related("latest", "project__tenant")
    return found.order_by("project__tenant_id", "project_id", "id").iterator(chunk_size=200)


def _about(pipeline: Pipeline, path: str) -> dict[str, Any]:
    assert pipeline.latest is not None
    return {
        "id": pipeline.id,
        "file": path,
        "tenant": pipeline.project.tenant.name,
        "project": pipeline.project.name,
        "name": pipeline.name,
        "repository_path": pipeline.repository_path,
        "version": pipeline.latest.number,
        "digest": pipeline.latest.digest,
    }


def _safe(name: str) -> str:
    """A name that people chose as the name of one file: it leads out of no folder, and can be read back."""
    written = quote(name, safe=" ()+,-=@[]{}~")
    return f"%2E{written[1:]}" if written.startswith(".") else written


def _add(archive: zipfile.ZipFile, path: str, text: str) -> None:
    archive.writestr(zipfile.ZipInfo(path, EARLIEST), text.encode(), zipfile.ZIP_DEFLATED)
