"""Every URL that Django answers."""

from __future__ import annotations

from django.urls import include, path

from ansflow.config.operators import site

urlpatterns = [path("api/", include("ansflow.api.urls")), path("admin/", site().urls)]
handler400 = "ansflow.api.base.errors.refused"
handler404 = "ansflow.api.base.errors.unknown_path"
handler500 = "ansflow.api.base.errors.failed"
