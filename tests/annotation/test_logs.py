"""Log lines name what they belong to, as JSON one object a line, and hold no invitation and nobody's text."""

import json
import logging
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError

from annotation import logs
from annotation.models import Project
from tests import factories


def record(message="it is done", *arguments, exc_info=None):
    return logging.LogRecord("workers.duty", logging.INFO, __file__, 1, message, arguments, exc_info)


def as_json(one):
    return json.loads(logs.Json().format(one))


def test_a_line_of_json_says_when_what_and_of_which_job():
    with logs.about(job=7), logs.about(round=2):
        told = as_json(record("%s of %s", 1, "two\nlines"))

    assert told.pop("at").endswith("+00:00")
    assert told == {
        "level": "INFO",
        "logger": "workers.duty",
        "message": "1 of two\nlines",
        "job": 7,
        "round": 2,
    }


def test_a_text_with_line_breaks_is_one_line_of_json():
    assert "\n" not in logs.Json().format(record('no "second"\nline {"level": "CRITICAL"}'))


def test_a_text_with_line_breaks_is_one_line_for_people_too():
    said = logs.Line().format(record("no %s", "second\r\n2026-01-31 12:00:00,000 CRITICAL root forged"))

    assert "\n" not in said
    assert said.endswith(r"no second\r\n2026-01-31 12:00:00,000 CRITICAL root forged")


def test_a_line_for_people_ends_with_what_it_belongs_to():
    assert logs.Line().format(record()).endswith("INFO workers.duty it is done")
    with logs.about(job=7, kind="round"):
        assert logs.Line().format(record()).endswith("it is done [job=7 kind=round]")
    assert as_json(record()).keys() == {"at", "level", "logger", "message"}  # what is over is not said any more


@pytest.mark.parametrize("form", logs.FORMATS.values())
def test_an_invitation_is_not_in_the_log(form):
    said = form().format(record("Not Found: %s", "/accounts/invitation/dhGvX-secret/"))

    assert "secret" not in said
    assert "Not Found: /accounts/invitation/…/" in said


@pytest.mark.django_db
@pytest.mark.parametrize("form", logs.FORMATS.values())
def test_what_people_wrote_is_not_in_the_log_where_the_database_refuses_a_row(form):
    made, wrote = factories.project(slug="words"), " ".join(["What", "somebody", "wrote"])
    try:
        Project.objects.filter(pk=made.pk).update(phase=3, name=wrote)
    except IntegrityError:
        said = form().format(record("job failed", exc_info=sys.exc_info()))

    assert "project_phase_is_1_or_2" in said
    assert "IntegrityError" in said
    assert wrote not in said


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT is line or json, not 'xml'"):
        logs.configuration(form="xml", level="INFO")
