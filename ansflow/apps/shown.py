"""How operators see a table: every row, and nothing that could be changed past the actions and the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db.models import BinaryField, Model
from django.http import HttpRequest

from ansflow.core.errors import AnsFlowError

if TYPE_CHECKING:
    Admin = ModelAdmin[Any]
else:
    Admin = ModelAdmin


class Shown(Admin):
    """`hidden` are the fields that nobody sees; what is stored as bytes is never shown."""

    hidden: Sequence[str] = ()
    show_full_result_count = False  # counts a table of millions a second time
    list_per_page = 50

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self.get_readonly_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        known = [*self.opts.concrete_fields, *self.opts.many_to_many]
        return [one.name for one in known if one.name not in self.hidden and not isinstance(one, BinaryField)]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def do_to_each(self, request: HttpRequest, rows: Iterable[Any], do: Callable[[Any], object], done: str) -> None:
        """An action over the chosen rows: each goes through the verb of its app, and what is refused is said."""
        for row in rows:
            try:
                do(row)
            except AnsFlowError as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{row}: {done}", messages.SUCCESS)
