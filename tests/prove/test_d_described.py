"""D6: whatever fits the description of the API is answered as it says, and never by a server error."""

import contextlib
from collections import Counter
from operator import attrgetter

import pytest
import requests
import schemathesis
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from annotation.api import project_views
from tests.access import matrix
from tests.access.test_matrix import TakenBack, there  # noqa: F401 - a fixture
from tests.prove.test_d_bodies import ARGUMENT, path_of

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
PARTS = ("method", "url", "params", "headers", "json", "data", "files", "cookies")
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.fixture
def asked(prove, there):  # noqa: F811
    """Ask everything that is described so often, by either role: the statuses of the answers, and what was wrong."""
    places = {path_of(name): name for name in matrix.API}

    def run(description, times, only=""):
        told, wrong = Counter(), []
        schema = schemathesis.openapi.from_dict(description)
        for found in schema.get_all_operations():
            operation = found.ok()
            name = places[ARGUMENT.sub("{}", operation.path)]
            if only in name:
                for role in ("labeler", "lead"):
                    token = there.tokens[role, "manage"]
                    ask(operation, arguments(there, name, operation.path), token, (told, wrong), (times, prove.seed))
        return told, wrong

    return run


def arguments(world, name, path):
    """What stands in the address: the objects of the world, under the names of the description."""
    ours = [str(attrgetter(where)(world)) for where in matrix.KWARGS.get(name, {}).values()]
    words = [word[1:-1] for word in ARGUMENT.findall(path)]
    return dict(zip(words, ["algebra", *ours] if "slug" in words else ours, strict=True))


def ask(operation, place, token, seen, luck):
    told, wrong = seen
    times, number = luck
    sound = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)

    @seed(number)
    @settings(
        max_examples=times,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=sound)
    def once(case):
        case.path_parameters = dict(place)
        answer = answer_to(case, token)
        told[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            wrong.append(f"{operation.label}: {answer.status_code} {failures.exceptions}")

    once()


def answer_to(case, token):
    """Of the test client, for the site in this process; whatever the request wrote is taken back."""
    asked = case.as_transport_kwargs(base_url="http://testserver", headers={"Authorization": f"Bearer {token}"})
    request = requests.Request(**{word: asked[word] for word in asked if word in PARTS}).prepare()
    headers = {word: value for word, value in request.headers.items() if not word.startswith("Content-")}
    place = request.url.removeprefix("http://testserver")
    content_type = request.headers.get("Content-Type", "application/octet-stream")
    client = Client(raise_request_exception=False)
    with contextlib.suppress(TakenBack), transaction.atomic():
        answer = client.generic(request.method, place, request.body or b"", content_type, headers=headers)
        content = b"".join(answer)
        raise TakenBack
    told = {word.lower(): [value] for word, value in answer.headers.items()}
    return Response(answer.status_code, told, content, request, elapsed=0.0, verify=False)


@pytest.fixture
def description():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.mark.figure(
    "D6", "requests made from the description of the API, as labeler and as lead", "0 × 5xx, every answer as described"
)
def test_d6_the_api_answers_as_it_is_described(prove, asked, description, monkeypatch):
    times = prove.count(short=13, full=200)

    told, wrong = asked(description, times)

    shares = ", ".join(f"{told[status]} × {status}" for status in sorted(told))
    prove.measured(f"{len(wrong)} wrong of {told.total()}: {shares}")
    assert wrong == []

    description["components"]["schemas"]["Settings"]["properties"] = {"phase": {"type": "boolean"}}
    _, described = asked(description, 2, "api_settings")
    monkeypatch.setattr(project_views, "place_in_project", None)
    _, broken = asked(description, 2, "api_project")
    prove.control(f"another description: {len(described)} wrong; a view that fails: {len(broken)} wrong")
    assert described
    assert broken
