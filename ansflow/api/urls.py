"""Every path of the API, one line per resource file."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("v1/", include("ansflow.api.projects")),
    path("schema/", SpectacularAPIView.as_view()),
]
