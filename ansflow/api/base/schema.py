"""OpenAPI, drawn from what each operation declares (`operations.Operation`); nothing is guessed."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from rest_framework import serializers

from ansflow.api.base.errors import CODES
from ansflow.api.base.operations import READS, Content, Operation
from ansflow.api.base.paging import Pages
from ansflow.api.base.parsing import MOST_INTEGER
from ansflow.api.base.policies import Admin, Needs, Operator, Policy, Public, SignedIn
from ansflow.api.base.serializers import Strict
from ansflow.apps.projects.access import LEAST

ERROR = {
    "type": "object",
    "description": "The one shape of every error. `details` names the fields in error.",
    "properties": {
        "code": {"type": "string", "description": "For programs."},
        "message": {"type": "string", "description": "For people."},
        "details": {"type": "object", "additionalProperties": True},
    },
    "required": ["code", "message", "details"],
    "additionalProperties": False,
}
BYTES = {"type": "string", "format": "binary"}
EVENT = {
    "type": "object",
    "description": "One event of the stream, as its lines say.",
    "properties": {name: {"type": "string"} for name in ("event", "id", "data", "retry")},
}
MEANINGS = {
    400: "Something in the request does not fit; `details` names it.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "You see it, and may not do this to it.",
    404: "There is no such thing, or you may not know of it.",
    409: "It has moved on, or the name is taken.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    416: "Nothing lies in the range that was asked for; `Content-Range` says how much there is.",
    422: "This installation cannot do it.",
    429: "Too many requests; `Retry-After` says when to come back.",
    502: "Something outside refused, or could not be reached.",
    503: "The database does not answer; `Retry-After` says when to come back.",
}
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An access token, or an API token (`ansf_…`)."},
    "session": {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A browser's session."},
}


def components() -> dict[str, Any]:
    """What every operation refers to."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses = {CODES[status]: {"description": text, "content": content} for status, text in MEANINGS.items()}
    return {"schemas": {"Error": ERROR}, "responses": responses, "securitySchemes": SECURITY}


def failures(declared: Operation, method: str, *, nested: bool) -> list[int]:
    """The statuses that an operation may fail with. `nested`: its path names an object."""
    found = {400, 503, *declared.errors}
    if not isinstance(declared.policy, Public):
        found |= {401, 403}
        if nested or declared.body or declared.query or isinstance(declared.policy, Needs):
            found.add(404)
    if declared.paged:
        found.add(404)
    if method not in READS:
        found |= {409, 413, 415, 422}
    return sorted(found)


def policy_facts(policy: Policy) -> dict[str, Any]:
    """Who may, as the schema says it: the permission, the least role in the project, and a token's scope."""
    match policy:
        case Needs(permission=permission):
            role, scope = LEAST[permission]
            return {"kind": "permission", "permission": permission.value, "role": role.value, "scope": scope.value}
        case SignedIn(scope=scope):
            return {"kind": "signed_in", "scope": scope.value}
        case Admin():
            return {"kind": "admin", "scope": "admin"}
        case Operator():
            return {"kind": "operator", "scope": "admin"}
    return {"kind": "public"}


class Schema(AutoSchema):
    """How drf-spectacular asks for each part of an operation."""

    @property
    def declared(self) -> Operation:
        found = getattr(getattr(self.view, self.view.action), "operation", None)
        if not isinstance(found, Operation):
            raise TypeError(f"{type(self.view).__name__}.{self.view.action} is no operation: decorate it.")
        return found

    def get_operation_id(self) -> str:
        """`cicd_executions_cancel`: the words of the path, and the method's name unless the path ends in it."""
        words = [word.replace("-", "_") for word in self._tokenize_path()]
        return "_".join(words if words[-1:] == [self.view.action] else [*words, self.view.action])

    def get_tags(self) -> list[str]:
        return [word for word in self._tokenize_path() if word != "cicd"][:1]

    def get_summary(self) -> str:
        return self.declared.summary

    def get_description(self) -> str:
        return self.declared.description

    def get_auth(self) -> list[dict[str, Any]]:
        return [] if isinstance(self.declared.policy, Public) else [{name: []} for name in SECURITY]

    def get_extensions(self) -> dict[str, Any]:
        return {"x-policy": policy_facts(self.declared.policy)}

    def get_request_serializer(self) -> Any:
        return self.declared.body

    def get_override_parameters(self) -> list[Any]:
        return [self.declared.query] if self.declared.query else []

    def _get_pagination_parameters(self) -> list[dict[str, Any]]:
        if not self.declared.paged:
            return []
        size = {"type": "integer", "minimum": 1, "maximum": Pages.max_page_size, "default": Pages.page_size}
        page = {"type": "integer", "minimum": 1, "default": 1}
        return [{"name": "page", "in": "query", "schema": page}, {"name": "page_size", "in": "query", "schema": size}]

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super()._resolve_path_parameters(variables)
        for parameter in found:
            if parameter["schema"].get("type") == "integer":
                parameter["schema"] |= {"minimum": 0, "maximum": MOST_INTEGER, "format": "int64"}
        return found

    def get_response_serializers(self) -> dict[Any, Any]:
        return {self.declared.status: None}

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        declared = self.declared
        bodies: dict[str, Any] = {str(declared.status): self._success(declared)}
        if isinstance(declared.answer, Content):
            for status, meaning in declared.answer.further.items():
                content = _response(meaning, BYTES, declared.answer.media_type)
                bodies[str(status)] = content if status == 206 else {"description": meaning}
        for status in failures(declared, self.method, nested="{" in self.path):
            bodies[str(status)] = {"$ref": f"#/components/responses/{CODES[status]}"}
        return bodies

    def _success(self, declared: Operation) -> dict[str, Any]:
        if declared.answer is None:
            return {"description": "Done."}
        if isinstance(declared.answer, Content):
            schema = EVENT if declared.answer.media_type == "text/event-stream" else BYTES
            made = _response(declared.answer.description, schema, declared.answer.media_type)
            if declared.answer.or_json is not None:
                listed = self.resolve_serializer(force_instance(declared.answer.or_json), "response").ref
                made["content"]["application/json"] = {"schema": listed}
            return made
        schema = self.resolve_serializer(force_instance(declared.answer), "response").ref
        if declared.paged:
            return _response("A page of the list.", _page_of(schema))
        return _response("", {"type": "array", "items": schema} if declared.many else schema)

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        found = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, Strict):
            found["additionalProperties"] = False
        for schema in found.get("properties", {}).values():
            _allow_anything(schema)
        return found

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        found = super()._map_serializer_field(field, direction, bypass_extensions)
        if isinstance(field, serializers.IntegerField) and direction == "request" and found:
            found.setdefault("maximum", MOST_INTEGER)
        if isinstance(field, serializers.CharField) and direction == "request" and not field.allow_blank and found:
            found.setdefault("minLength", 1)
        return found


def _allow_anything(schema: dict[str, Any]) -> None:
    """drf-spectacular says "anything, or null, and not both" for what may be null: null is anything, too."""
    if schema.get("oneOf") == [{}, {"type": "null"}]:
        del schema["oneOf"]
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            _allow_anything(inner)


def _response(description: str, schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _page_of(schema: dict[str, Any]) -> dict[str, Any]:
    link = {"type": ["string", "null"], "format": "uri"}
    properties = {
        "count": {"type": "integer"},
        "next": link,
        "previous": link,
        "results": {"type": "array", "items": schema},
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
