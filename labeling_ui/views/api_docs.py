from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator


def api_docs(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description as a page of our own: the usual viewers need inline code, which our policy refuses."""
    title, routes = _described()
    return render(request, "labeling_ui/api_docs.html", {"routes": routes, "title": title})


@cache
def _described() -> tuple[str, list[dict[str, Any]]]:
    """Once for a process: nobody need sign in for this page, and describing everything takes a second."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    routes = [
        {
            "method": method.upper(),
            "path": path,
            "text": operation.get("description", ""),
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
    return schema["info"]["title"], routes


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
