"""The JSON Schema (2020-12) of the pipeline file, from the same grammar as the reader: for editors, the web app."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from ansflow.core.schema import JSON
from ansflow.document.grammar import DEFINITIONS, PIPELINE

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def pipeline_schema(parameters: Mapping[str, JSON] | None = None) -> JSON:
    """`parameters` maps the name of a step type to the schema of its `with`; any `with` fits a type not named there."""
    definitions = {named.name: named.kind.json_schema() for named in DEFINITIONS}
    if parameters:
        step = definitions["step"]["anyOf"][0]
        step["properties"]["type"]["examples"] = list(parameters)
        step["allOf"] = [_with_of(name, schema) for name, schema in parameters.items()]
    return {
        "$schema": DIALECT,
        "title": "AnsFlow pipeline",
        **PIPELINE.json_schema(),
        "$defs": definitions,
    }


def _with_of(name: str, schema: JSON) -> JSON:
    """What `with` holds in a step of that type. A step that names no type is custom, unless it uses a template."""
    chosen: JSON = {"properties": {"type": {"const": name}}, "required": ["type"]}
    if name == "custom":
        unnamed: JSON = {"not": {"anyOf": [{"required": ["type"]}, {"required": ["uses"]}]}}
        chosen = {"anyOf": [chosen, unnamed]}
    parameters: JSON = {"anyOf": [{"type": "null"}, deepcopy(schema)]}
    return {"if": chosen, "then": {"properties": {"with": parameters}}}
