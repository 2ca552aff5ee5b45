"""The quick way to a line says what the codec says, for whatever is in it, and is taken only for lines that keep the rules."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning.records import dump, parse_line
from annotation.services.export_records import record_of
from annotation.services.export_rows import Rated, Row
from annotation.services.export_text import ordinary_line
from annotation.services.record_rules import broken_rule

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
ORDINARY = Row(
    id="5b1c3c0e-6a4e-4d59-9c5a-0d1d0d9c1c11",
    line=None,
    labeler="0b7c0e3c-6a4e-4d59-9c5a-0d1d0d9c1c11",
    timestamp="2026-11-22T04:34:27.052924",
    phase=2,
    purpose="production",
    finish_reason="found_error",
    total_time=48465,
    instructions_version=1,
    generation=3,
    round=3,
    selector=None,
    served_score=0.0011546110201324836,
    problem=1,
    text="What is $1 + 1$?",
    answer="2",
    reference="",
    split="train",
    subject="",
    level=None,
    steps=["One — and \\one\\.", "That is 3.\n\n# Answer\n\n3"],
    final_answer="3",
    imported_score=None,
    grade="wrong",
    generator="",
    ratings=[Rated(0, 0, None, True, False, None), Rated(1, -1, None, False, False, None)],
    extensions={},
)


@st.composite
def rows(draw):
    """Sound and broken ones, ordinary and others."""
    steps = draw(st.lists(TEXT, min_size=1, max_size=5))
    rated = st.builds(
        Rated,
        step=st.integers(0, len(steps) - 1),
        rating=st.sampled_from([-1, 0, 1, None]),
        flagged=st.sampled_from([None, True, False]),
        chosen=st.booleans(),
        human=st.just(False),
        text=st.none() | TEXT,
    )
    in_order = [
        Rated(place, rating, flagged, rating != -1, False, None)
        for place, (rating, flagged) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from([0, 1, -1]), st.sampled_from([None, False])), max_size=len(steps)))
        )
    ]
    several = draw(st.lists(rated, max_size=6, unique_by=lambda one: one.step))
    return replace(
        ORDINARY,
        phase=draw(st.sampled_from([1, 2, 2, 2])),
        purpose=draw(st.sampled_from(["production", "production", "quality_control", "screening"])),
        finish_reason=draw(st.sampled_from(["found_error", "solution", "give_up", "bad_problem"])),
        generation=draw(st.none() | st.integers(-1, 12)),
        served_score=draw(st.none() | st.floats(0, 1)),
        imported_score=draw(st.none() | st.floats(0, 1)),
        text=draw(TEXT),
        answer=draw(st.none() | TEXT),
        reference=draw(TEXT),
        steps=steps,
        final_answer=draw(st.none() | TEXT),
        total_time=draw(st.integers(0, 2**40)),
        ratings=draw(st.sampled_from([in_order, sorted(several)]) if several else st.just(in_order)),
    )


@given(rows())
def test_the_quick_line_is_the_line_of_the_codec_and_keeps_the_rules(row):
    text = ordinary_line(row)

    if text is not None:
        assert text == dump(record_of(row))
        assert broken_rule(record_of(row)) is None
        assert dump(parse_line(text)) == text


def test_an_ordinary_label_goes_the_quick_way():
    assert ordinary_line(ORDINARY) == dump(record_of(ORDINARY))
    assert json.loads(ordinary_line(ORDINARY))["label"]["finish_reason"] == "found_error"


GOOD, BAD = ORDINARY.ratings


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": 1},
        {"generation": None},
        {"generation": -1},
        {"finish_reason": "solution"},
        {"finish_reason": "give_up"},
        {"ratings": []},
        {"ratings": [GOOD]},
        {"ratings": [BAD, BAD]},
        {"ratings": [GOOD, BAD._replace(rating=1)]},
        {"ratings": [GOOD._replace(rating=None), BAD]},
        {"ratings": [GOOD, BAD, Rated(1, 1, False, False, False, "Another way.")]},
        {"ratings": [GOOD, BAD._replace(step=2)]},
        {"ratings": [GOOD, BAD._replace(text="Written")]},
        {"ratings": [GOOD._replace(human=True, text="Mine."), BAD]},
    ],
)
def test_every_other_label_is_left_to_the_codec_and_the_rules(changes):
    assert ordinary_line(replace(ORDINARY, **changes)) is None
