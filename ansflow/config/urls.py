"""Every URL that Django answers."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("api/", include("ansflow.api.urls"))]
