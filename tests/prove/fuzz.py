"""Feeds one of our readers with what atheris makes of sound texts, led by the lines of code that each reaches.

`python -m tests.prove.fuzz READER [options of libFuzzer] FOLDER`, with the environment of the site. A crash ends it with status 77.
"""

import io
import sys
from types import SimpleNamespace

import atheris
import django

with atheris.instrument_imports(include=["active_learning", "annotation.api", "annotation.services"]):
    django.setup()
    from django.http import QueryDict
    from rest_framework.exceptions import APIException, ParseError, ValidationError

    from active_learning.records import dump, parse_line
    from active_learning.strict_json import RecordError, load_json
    from annotation.api.automatic_serializers import SizeQuerySerializer
    from annotation.api.figures_serializers import LabelerWindowSerializer, PeriodSerializer
    from annotation.api.parsers import asked
    from annotation.api.project_serializers import WantedSerializer
    from annotation.api.quality_serializers import CasesQuerySerializer, GoldQuerySerializer, ReportsQuerySerializer
    from annotation.services import maths_check
    from annotation.services.import_labels import read_label
    from annotation.services.line_files import read_lines

QUERIES = [
    CasesQuerySerializer,
    GoldQuerySerializer,
    LabelerWindowSerializer,
    PeriodSerializer,
    ReportsQuerySerializer,
    SizeQuerySerializer,
    WantedSerializer,
]


def _is_told(refusal: ValueError | APIException) -> None:
    if not str(refusal):
        raise AssertionError("a refusal without a reason")


def lines(data: bytes) -> None:
    for line in read_lines(io.BytesIO(data)):
        try:
            load_json(line)
        except RecordError as refusal:
            _is_told(refusal)


def records(data: bytes) -> None:
    try:
        row = read_label(data)
    except RecordError as refusal:
        _is_told(refusal)
        return
    assert parse_line(dump(row.record)) == row.record
    assert row.problem.hash
    assert row.sample.steps
    assert row.given_at is None or row.given_at.tzinfo


def queries(data: bytes) -> None:
    query = QueryDict(data, encoding="utf-8")
    for serializer in QUERIES:
        try:
            asked(serializer, SimpleNamespace(query_params=query))
        except (ParseError, ValidationError) as refusal:
            _is_told(refusal)


def maths(data: bytes) -> None:
    for fault in maths_check.faults(data.decode("utf-8", "replace")):
        assert fault


def planted(data: bytes) -> None:
    """Crashes behind three letters, each of which is a branch of its own."""
    for place, letter in enumerate(b"PRM"):
        if data[place : place + 1] != bytes([letter]):
            return
    raise RuntimeError("planted")


READERS = {one.__name__: one for one in (lines, records, queries, maths)}


def main() -> None:
    reader = READERS.get(sys.argv.pop(1)) or atheris.instrument_func(planted)
    atheris.Setup(sys.argv, reader)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
