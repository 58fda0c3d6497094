"""Problems, notes and changes, as several resources answer with them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ProblemBody(serializers.Serializer[Any]):
    """One thing to be said about a text. `line` and `column` count from 1; 0 where the place is not known."""

    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField()
    path = serializers.ListField(child=serializers.JSONField())
    line = serializers.IntegerField()
    column = serializers.IntegerField()
    file = serializers.CharField(help_text="The template that the place is in; empty: the pipeline file itself.")


class ChangeBody(serializers.Serializer[Any]):
    """One change of meaning between two texts."""

    kind = serializers.ChoiceField(["added", "removed", "renamed", "changed"])
    what = serializers.ChoiceField(["step", "need", "input", "group", "trigger", "pipeline"])
    name = serializers.CharField(help_text="Of the step, input, group or trigger; for a need, the step that has it.")
    field = serializers.CharField(help_text="The key in the file, such as retry.max; for a need, the needed step.")
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    sentence = serializers.CharField()
