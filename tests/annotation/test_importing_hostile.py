"""Thousands of damaged lines: each one is taken or refused with its number and a reason, and none stops the import."""

import json
import random
from functools import partial

import pytest

from annotation.models import Problem, Project
from annotation.services import importing
from tests import importer
from tests.annotation.test_importing_labels import PHASE_2, line
from tests.annotation.test_importing_problems import math_line

SEEDS = range(4)
LINES = 500
ODD_VALUES = [
    None, True, -1, 2, 10**30, 1e308, 0.5, "", " ", "x" * 5000, [], [[]], {}, {"text": 1}, "\u2028", "\x00", "\ud800",
    ["a", ""], -(2**63), "00000000-0000-0000-0000-000000000000",
]  # fmt: skip


QUESTION = {"question": "What is 1 + 1?", "ground_truth_answer": "2"}
SAMPLES = [
    QUESTION
    | {"steps": ["One.", "A: 2"], "score": 0.5, "seed": 1, "temperature": 1.0, "unique_id": "", "generator": ""},
    QUESTION | {"toy": {"solution": "One.\nA: 3", "is_correct": False}, "toy-2": {"solution": "A: 2"}},
    QUESTION | {"code": ["A: 2", "One.\n\nA: 2"], "score": [True, False]},
]


def places(value, path=()):
    """The path of everything inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield (*path, key)
        yield from places(child, (*path, key))


def parent_of(body, path):
    for key in path[:-1]:
        body = body[key]
    return body


def other_value(raw, rng):
    body = json.loads(raw)
    path = rng.choice(list(places(body)))
    parent_of(body, path)[path[-1]] = rng.choice(ODD_VALUES)
    return json.dumps(body).encode()


def missing(raw, rng):
    body = json.loads(raw)
    path = rng.choice(list(places(body)))
    del parent_of(body, path)[path[-1]]
    return json.dumps(body).encode()


def cut(raw, rng):
    return raw[: rng.randrange(len(raw))]


def flipped(raw, rng):
    place = rng.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ (1 << rng.randrange(8))]) + raw[place + 1 :]


def inserted(raw, rng):
    place = rng.randrange(len(raw))
    pieces = [b"\x00", b"\xff", b"\\u0000", b"\\ud800", b"NaN", b"[" * 3000, b"9" * 5000, b"\xef\xbb\xbf", b"\r", b"}"]
    return raw[:place] + rng.choice(pieces) + raw[place:]


def twice(raw, rng):
    return raw.replace(b"{", b'{"problem": 1, ', 1) if rng.random() < 0.5 else raw + raw


DAMAGES = [*[other_value] * 6, missing, cut, flipped, inserted, twice]
LOADS = {
    "problems": (importing.import_problems, [math_line(1)]),
    "solutions": (
        partial(importing.import_solutions, new_problems="train"),
        [json.dumps(sample).encode() for sample in SAMPLES],
    ),
    "labels": (importing.import_labels, [line(steps=PHASE_2)]),
}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", LOADS)
def test_every_damaged_line_is_taken_or_refused_with_a_reason(project, name, seed):
    load, sound = LOADS[name]
    rng = random.Random(seed)
    lines = [rng.choice(DAMAGES)(rng.choice(sound), rng) for _ in range(LINES)]

    report = load(project=project, lines=lines, source="damaged.jsonl", by=None)

    assert 0 < report.refused_count < LINES
    assert all(0 < one.number <= LINES and one.reason for one in report.refused)
    if name != "solutions":  # of which one line may hold several
        assert report.created + report.already_there + report.refused_count + report.blank_lines == LINES


COMMAND = ("manage.py", "import_problems", "--project", "algebra")


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
@pytest.mark.slow
def test_an_import_that_is_killed_leaves_nothing_and_can_be_started_again(tmp_path):
    long, short = tmp_path / "long.jsonl", tmp_path / "short.jsonl"
    long.write_bytes(b"".join(math_line(number) + b"\n" for number in range(60 * importing.BATCH)))
    short.write_bytes(math_line(1) + b"\n")
    Project.objects.create(slug="algebra", name="Algebra")

    process = importer.started(*COMMAND, long)
    importer.wait_until_it_writes(process)
    importer.end(process)

    assert not Problem.objects.exists()
    assert importer.status(importer.started(*COMMAND, short)) == 0
    assert Problem.objects.count() == 1
