import re
from functools import cache
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

# What stands behind the project in an address, by what somebody looks for. Each is in one family.
FAMILIES = [
    ("projects", _("Projects and settings"), {"", "settings", "standing", "troubles", "audit", "webhooks"}),
    ("labeling", _("Labeling"), {"claim", "heartbeat", "labels", "alternatives", "critiques", "dialogue", "work"}),
    ("guidance", _("Instructions and messages"), {"instructions", "acknowledge", "practice", "messages", "inbox"}),
    ("people", _("People"), {"members", "invitations", "labelers", "work-days"}),
    ("data", _("Imports, problems, datasets"), {"imports", "problems", "grading", "datasets"}),
    ("quality", _("Quality and agreement"), {"quality", "mistakes", "gold", "agreement", "behaviour"}),
    ("review", _("Disagreements and reports"), {"adjudication", "reports", "disputes", "flags"}),
    ("rounds", _("Rounds and models"), {"rounds", "models", "solutions", "automatic-labels", "samplings"}),
    ("tokens", _("Your tokens"), {"tokens"}),
]
PLACE = re.compile(r"/api/v1/(?:projects(?:/\{slug\}(?:/([a-z-]+))?)?|(tokens))")


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description as a page of our own: the usual viewers need inline code, which our policy refuses."""
    return render(request, "labeling_ui/api_docs.html", {"families": _families()})


@cache
def _families() -> list[dict[str, Any]]:
    """The routes in the order of the families."""
    names = {key: name for key, name, _ in FAMILIES}
    routes = sorted(_described(), key=lambda route: list(names).index(route["family"]))
    grouped = groupby(routes, lambda route: str(route["family"]))
    return [{"key": key, "name": names[key], "routes": list(found)} for key, found in grouped]


def _family(path: str) -> str:
    """Raises ValueError for an address of no family."""
    found = PLACE.match(path)
    place = (found[1] or found[2] or "") if found else None
    for key, _name, places in FAMILIES:
        if place in places:
            return key
    raise ValueError(f"{path} is in no family of the page that describes the API.")


def _described() -> list[dict[str, Any]]:
    """Once for a process: nobody need sign in for this page, and describing everything takes a second."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return [
        {
            "method": method.upper(),
            "path": path,
            "family": _family(path),
            "text": operation.get("description", ""),
            "asks": [
                {
                    "name": one["name"],
                    "type": _type(schema, one["schema"]),
                    "required": one.get("required", False),
                }
                for one in operation.get("parameters", [])
                if one["in"] == "query"
            ],
            "takes": _fields(schema, operation.get("requestBody", {})),
            "answers": [
                {"status": status, "fields": _fields(schema, answer)}
                for status, answer in operation["responses"].items()
            ],
        }
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/api/v1/")
    ]


def _fields(schema: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a JSON body, one level deep."""
    content = body.get("content", {}).get("application/json", {}).get("schema", {})
    found = _resolve(schema, content.get("items", content))
    required = found.get("required", [])
    return [
        {"name": name, "type": _type(schema, field), "required": name in required}
        for name, field in found.get("properties", {}).items()
    ]


def _type(schema: dict[str, Any], field: dict[str, Any]) -> str:
    if "items" in field:
        return f"list of {_type(schema, field['items'])}"
    if isinstance(field.get("type"), list):  # OpenAPI 3.1: a type, or null
        return " | ".join(_type(schema, field | {"type": one}) for one in field["type"])
    if choices := field.get("allOf", []) + field.get("oneOf", []):
        return " | ".join(_type(schema, choice) for choice in choices)
    found = _resolve(schema, field)
    if "enum" in found:
        return " | ".join(str(value) for value in found["enum"])
    if "properties" in found:
        return "{" + ", ".join(found["properties"]) + "}"
    return str(found.get("format") or found.get("type") or "object")


def _resolve(schema: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    reference = field.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema["components"]["schemas"][reference] if reference else field
    return found
