"""What operators see of saved steps."""

from __future__ import annotations

from ansflow.apps.atomic_steps.models import AtomicStep
from ansflow.apps.shown import Shown


class AtomicSteps(Shown):
    list_display = ("name", "step_type", "tenant", "project", "updated_at")
    list_filter = ("step_type", "tenant")
    list_select_related = ("tenant", "project")
    search_fields = ("name", "description")


SHOWN = {AtomicStep: AtomicSteps}
