"""D7: bodies that no sound program sends, at every route of the API: a refusal, and never a server error."""

import contextlib
import json
import logging
import re
from collections import Counter

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.parsers import JSONParser

from annotation.api.parsers import SafeJSONParser
from tests.access import matrix
from tests.access.test_matrix import TakenBack, address, there  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
JSON = "application/json"
ARGUMENT = re.compile(r"\{\w+\}|%\(\w+\)s")
BODIES = {
    "3,000 lists deep": b"[" * 3000,
    "3,000 objects deep": b'{"a":' * 3000,
    "100 deep, whole": b'{"a":' * 100 + b"1" + b"}" * 100,
    "nothing": b"",
    "null": b"null",
    "true": b"true",
    "a list": b'[{"id": 1}]',
    "a text": b'"text"',
    "a number": b"1",
    "cut off": b'{"id": ',
    "two bodies": b"{} {}",
    "bad UTF-8": b'{"id": "\xff"}',
    "UTF-16": '{"id": 1}'.encode("utf-16"),
    "a surrogate in bytes": b'{"id": "\xed\xa0\x80"}',
    "3 MB": b'{"id": "' + b"x" * 3_000_000 + b'"}',
    "5,000 digits": b'{"id": ' + b"9" * 5000 + b"}",
    "NUL in a key": b'{"\\u0000": 1}',
    "a key twice": b'{"id": 1, "id": 2}',
}
# In place of each value that the route takes.
VALUES = [
    "\x00",
    "\ud800",
    float("nan"),
    float("inf"),
    2**63,
    -(2**63) - 1,
    {"a": "\x00"},
    ["\ud800"],
    "x" * 100_000,
    [],
]


@pytest.fixture(scope="module")
def fields():
    """The names in the body of each route, by its name and method."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    parts = schema["components"]["schemas"]
    described = {ARGUMENT.sub("{}", path): methods for path, methods in schema["paths"].items()}

    def named(operation):
        body = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
        return list(parts.get(body.get("$ref", "").rpartition("/")[2], body).get("properties", {}))

    return {
        (name, method): named(described[path_of(name)][method.lower()])
        for name, row in matrix.API.items()
        for method in UNSAFE
        if method in row
    }


def path_of(name):
    """Its address without the names of what it takes; the description has names of its own."""
    (path, _arguments), *_ = get_resolver().reverse_dict.getlist(name)[0][0]
    return "/" + ARGUMENT.sub("{}", path)


def bodies(names):
    yield from BODIES.items()
    for value in VALUES:
        yield f"{str(value)[:12]!a} for each value", json.dumps(dict.fromkeys(names or ["id"], value)).encode()


def status_of(world, name, method, who, body):
    """Of the answer; whatever the request wrote is taken back."""
    client = Client(raise_request_exception=False)
    if who is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.cookies[who.pk]
    with contextlib.suppress(TakenBack), transaction.atomic():
        answer = client.generic(method, address(name, world), body, JSON)
        raise TakenBack
    return answer.status_code


def sent_everywhere(world, fields, routes):
    """How often each status came, and where a server error did."""
    told, broken = Counter(), []
    for name, method in routes:
        who_may = matrix.API[name][method].split()[0]
        for who in (None, world.people.get(who_may, world.people["lead"])):
            for words, body in bodies(fields[name, method]):
                status = status_of(world, name, method, who, body)
                told[status] += 1
                if status >= 500:
                    broken.append(f"{status} of {method} {name} for {who}: {words}")
    return told, broken


@pytest.mark.figure(
    "D7",
    f"{len(BODIES) + len(VALUES)} hostile bodies at every writing route of the API, by nobody and by who may",
    "0 × 5xx",
)
def test_d7_no_body_is_a_server_error(prove, there, fields, monkeypatch):  # noqa: F811
    routes = sorted(fields)

    told, broken = sent_everywhere(there, fields, routes)

    shares = ", ".join(f"{told[status]} × {status}" for status in sorted(told))
    prove.measured(f"{len(broken)} × 5xx of {told.total()} at {len(routes)} routes: {shares}")
    assert broken == []
    assert told[401] == told.total() // 2

    monkeypatch.setattr(SafeJSONParser, "parse", JSONParser.parse)
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)  # of the planted errors
    planted = [route for route in routes if route[0] in ("api_heartbeat", "api_labels")]
    _, broken = sent_everywhere(there, fields, planted)
    prove.control(f"the parser of the framework alone: {len(broken)} × 5xx at {len(planted)} routes")
    assert broken
