"""C4: what a body says beside what a route asks for is refused or changes nothing: nobody makes themselves more."""

import contextlib

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from annotation.api import project_views
from annotation.models import User
from tests.access import matrix, test_matrix
from tests.access.test_matrix import ROWS, TakenBack, address, there  # noqa: F401 - a fixture
from tests.prove.test_c_access import FILES, UNSAFE, who_may

pytestmark = pytest.mark.django_db
# Bodies that get further than those of the matrix, where nothing but the door is asked.
BODIES = {
    ("api_projects", "POST"): {"slug": "new", "name": "New"},
    ("new_project", "POST"): {"slug": "new", "name": "New"},
    ("api_tokens", "POST"): {"name": "new", "scopes": ["read"], "days": 1},
    ("tokens", "POST"): {"name": "new", "scopes": ["read"], "days": 1},
    ("api_settings", "PATCH"): {"reopen_hours": 1},
    ("api_selection", "PATCH"): {"strategy": "random"},
    ("api_instructions", "POST"): {"text": "New.", "changes": "All.", "must_acknowledge": False, "based_on": 1},
    ("api_messages", "POST"): {"text": "Hello."},
    ("api_invitations", "POST"): {"email": "newer@example.org", "role": "labeler"},
    ("people", "POST"): {"email": "newer@example.org", "role": "labeler"},
    ("api_gold", "POST"): {"solution": "@solution.pk", "kind": "hidden", "error_steps": []},
    ("api_pause", "POST"): {"reason": "A word first."},
    ("api_datasets", "POST"): {"view": "raw"},
    ("datasets", "POST"): {"view": "raw"},
    ("api_grading", "POST"): {"grade": "correct"},
}
# What these routes ask for themselves.
TAKEN = {"api_member": {"role"}, "api_invitations": {"role"}, "people": {"role"}, "api_tokens": {"project"}}
# A new row has an id, a time and a secret of its own.
TOLD_APART = r"[0-9a-f]{8}-[0-9a-f-]{27}|\\\\x[0-9a-f]+|\d{4}-\d\d-\d\d[T ][0-9:.+]+|[A-Za-z0-9_-]{40,}"


def forbidden(world):
    stranger = world.strangers["lead"].pk
    return {
        "is_superuser": True,
        "is_staff": True,
        "is_active": False,
        "role": "lead",
        "owner": stranger,
        "user": stranger,
        "created_by": stranger,
        "project": world.elsewhere.pk,
        "labeler": world.labeler.pk,
        "id": 2**30,
        "password": "another long one",
        "state": "done",
    }


def rows():
    """All rows of all tables, as text without what is new with every row."""
    tables = [one._meta.db_table for one in apps.get_models() if one._meta.db_table.startswith("annotation_")]
    every = " UNION ALL ".join(f"SELECT '{one}: ' || to_jsonb(t)::text FROM {one} t" for one in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT regexp_replace(told, %s, '-', 'g') FROM ({every}) all_rows (told)", [TOLD_APART])
        return sorted(row for (row,) in cursor.fetchall())


def restart_numbers():
    """New rows get the same ids whenever a request is tried: what numbers count is not taken back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1000000) FROM pg_sequences"
            " WHERE schemaname = 'public'"
        )


def left_by(world, name, method, more):
    """The status, and all rows as the request leaves them, which is then taken back."""
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = world.cookies[who_may(world, ROWS[name][method]).pk]
    plain = BODIES.get((name, method)) or matrix.BODIES.get((name, method), {})
    body = {key: test_matrix._told(world, value) for key, value in plain.items()} | more
    as_json = {"content_type": "application/json"} if name in matrix.API or method != "POST" else {}
    restart_numbers()
    with contextlib.suppress(TakenBack), transaction.atomic():
        answer = getattr(client, method.lower())(address(name, world), body, **as_json)
        left = rows()
        raise TakenBack
    assert answer.status_code < 500, f"{method} {name} with {sorted(more)}"
    return answer.status_code, left


def taken(world, name, method):
    """Whether the plain request gets through, and what of the forbidden changes what it leaves."""
    keys = {key: value for key, value in forbidden(world).items() if key not in TAKEN.get(name, ())}
    status, plain = left_by(world, name, method, {})
    told, left = left_by(world, name, method, keys)
    if (told, left) == (status, plain):
        return status, []
    answers = {key: left_by(world, name, method, {key: value}) for key, value in keys.items()}
    return status, [key for key, answer in answers.items() if answer != (status, plain) and answer[0] != 400]


def mass_assigned(world, places):
    found, through = {}, 0
    for name, method in places:
        status, keys = taken(world, name, method)
        through += status < 400
        if keys:
            found[f"{method} {name}"] = keys
    return through, found


@pytest.mark.figure("C4", "12 forbidden keys in the body of every writing route", "ignored or refused; nothing changes")
def test_c4_what_nobody_may_say_of_themselves_is_refused_or_changes_nothing(prove, there, monkeypatch):  # noqa: F811
    places = [(name, method) for name, row in ROWS.items() for method in UNSAFE if method in row and name not in FILES]

    through, found = mass_assigned(there, places)

    keys = len(forbidden(there))
    prove.measured(f"{len(found)} of {len(places)} writing routes take one of {keys} keys; {through} wrote")
    assert found == {}
    assert through > len(places) // 3

    real = project_views.Projects.post

    def careless(view, request, **kwargs):
        mine = User.objects.filter(pk=request.user.pk)
        mine.update(**{key: value for key, value in request.data.items() if key.startswith("is_")})
        return real(view, request, **kwargs)

    monkeypatch.setattr(project_views.Projects, "post", careless)
    _, planted = mass_assigned(there, [("api_projects", "POST")])
    prove.control(f"a view that sets what the body names: takes {', '.join(planted.get('POST api_projects', ()))}")
    assert "is_superuser" in planted.get("POST api_projects", ())
