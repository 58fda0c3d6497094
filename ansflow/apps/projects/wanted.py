"""What may stand in the fields of a project's things. Each raises InvalidSpec that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from ansflow.apps.projects.models import Environment, Project
from ansflow.core.errors import Conflict, InvalidSpec, Problem
from ansflow.core.schema import nearest

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SECRET = re.compile(r"[A-Z_][A-Z0-9_]*")
PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
RESERVED = frozenset({"CI", "ANSFLOW", "PATH", "HOME", "SHELL", "ENV", "BASH_ENV", "IFS"})
RESERVED_STARTS = ("ANSFLOW_", "LD_", "GIT_CONFIG_")


def refused(field: str, message: str, *, code: str = "invalid", hint: str = "") -> InvalidSpec:
    return InvalidSpec([Problem(code=code, message=message, hint=hint, path=(field,))])


def name(text: str, field: str = "name") -> str:
    """A name for people: one line, with something to read in it."""
    stripped = text.strip()
    if not stripped or UNPRINTABLE.search(stripped):
        raise refused(field, "A name is one line of text.")
    return stripped


def environment_name(text: str) -> str:
    if not PLACE.fullmatch(text):
        raise refused("name", "The name of an environment has letters, digits and . _ / - only.")
    return text


def variable_name(text: str) -> str:
    return _not_reserved(text, VARIABLE, "A variable's name has letters, digits and _ only, and no digit in front.")


def secret_name(text: str) -> str:
    return _not_reserved(text, SECRET, "A secret's name has capital letters, digits and _ only, and no digit in front.")


def environment_of(project: Project, text: str) -> str:
    """The name of one of the project's environments, or "" for all of them."""
    if not text:
        return ""
    known = list(Environment.objects.filter(project=project).values_list("name", flat=True))
    if text not in known:
        hint = nearest(text, known) or "Make it first."
        raise refused("environment", f"{project.name} has no environment {text!r}.", hint=hint)
    return text


@contextmanager
def one_of_a_kind(sentence: str) -> Iterator[None]:
    """Turns the database's refusal of a second row of the same name into a Conflict with this sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise Conflict(sentence, code="exists") from None


def _not_reserved(text: str, grammar: re.Pattern[str], sentence: str) -> str:
    if not grammar.fullmatch(text):
        raise refused("name", sentence)
    if text.upper() in RESERVED or text.upper().startswith(RESERVED_STARTS):
        raise refused("name", f"{text} is set by AnsFlow, or decides which programs run: choose another name.")
    return text
