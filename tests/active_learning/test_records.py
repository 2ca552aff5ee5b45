"""The PRM800K codec: what is read is written again, byte for byte, and what is refused says where and why."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning import records, strict_json
from tests.shared_data import shared_lines

PHASE_2 = {
    "labeler": "0b7c0e3c-6a4e-4d59-9c5a-0d1d0d9c1c11",
    "timestamp": "2023-01-22T04:34:27.052924",
    "generation": 9,
    "is_quality_control_question": False,
    "is_initial_screening_question": False,
    "question": {
        "problem": "What is 1 + 1?",
        "ground_truth_solution": None,
        "ground_truth_answer": "2",
        "pre_generated_steps": ["One and one.", "That is 3.\n\n# Answer\n\n3"],
        "pre_generated_answer": "3",
        "pre_generated_verifier_score": 1.129314385442644e-09,
    },
    "label": {
        "steps": [
            {
                "completions": [{"text": "One and one.", "rating": 0, "flagged": None}],
                "human_completion": None,
                "chosen_completion": 0,
            },
            {
                "completions": [{"text": "That is 3.\n\n# Answer\n\n3", "rating": -1, "flagged": None}],
                "human_completion": None,
                "chosen_completion": None,
            },
        ],
        "total_time": 48465,
        "finish_reason": "found_error",
    },
}


def line(**changes):
    """The phase-2 line with one value changed, addressed by its path: `question__problem=1`."""
    body = json.loads(json.dumps(PHASE_2))
    for path, value in changes.items():
        *parents, key = path.split("__")
        place = body
        for parent in parents:
            place = place[int(parent) if parent.isdigit() else parent]
        place[key] = value
    return json.dumps(body)


def test_a_line_comes_back_byte_for_byte():
    assert records.dump(records.parse_line(line())) == line()


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["phase1_test.jsonl", "phase2_records_14.jsonl", "phase1_train_records_2.jsonl"])
def test_every_original_line_comes_back_byte_for_byte(name):
    lines = shared_lines(f"prm800k_original/{name}")

    written = [records.dump(records.parse_line(raw)).encode() for raw in lines]

    assert written == lines


def test_the_empty_last_step_of_a_give_up_is_understood():
    empty = {"completions": None, "human_completion": None, "chosen_completion": None}
    record = records.parse_line(
        line(label__finish_reason="give_up", label__steps=[PHASE_2["label"]["steps"][0], empty])
    )

    assert record.steps[1].completions is None
    assert record.trajectory() == ["One and one."]


def test_a_human_step_with_a_corrected_rating_is_understood_and_an_absent_one_stays_absent():
    human = {"text": "I say 2.", "rating": None, "source": "human", "flagged": False}
    for extra in ({}, {"corrected_rating": None}, {"corrected_rating": -1}):
        step = {"completions": [], "human_completion": human | extra, "chosen_completion": None}
        raw = line(label__steps=[step])

        assert records.parse_line(raw).trajectory() == ["I say 2."]
        assert records.dump(records.parse_line(raw)) == raw


def test_a_human_step_that_is_only_a_text_is_understood_and_stays_one():
    step = {"completions": [], "human_completion": "I say 2.", "chosen_completion": None}
    written = line(label__steps=[step])

    record = records.parse_line(written)

    assert record.trajectory() == ["I say 2."]
    assert records.dump(record) == written


def test_the_chosen_completion_wins_over_a_human_draft():
    human = {"text": "Now divide the ", "rating": None, "source": "human", "flagged": False}
    step = PHASE_2["label"]["steps"][0] | {"human_completion": human}

    assert records.parse_line(line(label__steps=[step])).trajectory() == ["One and one."]


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"labeler": 3}, "labeler", "expected text, found a whole number"),
        ({"question__problem": None}, "question.problem", "expected text, found null"),
        ({"label__finish_reason": "bored"}, "label.finish_reason", "'bored' is none of"),
        ({"label__total_time": True}, "label.total_time", "expected a whole number, found true or false"),
        ({"label__steps__1__completions__0__rating": 2}, "label.steps[1].completions[0].rating", "not 2"),
        ({"label__steps__0__chosen_completion": 1}, "label.steps[0].chosen_completion", "there is no completion 1"),
        (
            {"question__pre_generated_steps": ["a", 1]},
            "question.pre_generated_steps[1]",
            "expected text, found a whole number",
        ),
        ({"question__problem": "a\x00b"}, "question.problem", "NUL"),
        ({"question__problem": "\ud800"}, "question.problem", "surrogate"),
        ({"label__total_time": 2**63}, "label.total_time", "64 bits"),
    ],
)
def test_a_refusal_says_where_and_why(changes, path, reason):
    with pytest.raises(strict_json.RecordError) as refused:
        records.parse_line(line(**changes))

    assert refused.value.path == path
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not valid JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"a": NaN}', "NaN, Infinity and numbers beyond 1e308 are not taken"),
        (b'{"a": 1e999}', "NaN, Infinity and numbers beyond 1e308 are not taken"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\xff"}', "not text in UTF-8 from byte 8 on"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "nested too deeply"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', "longer than"),
    ],
)
def test_hostile_json_is_refused_with_a_reason(raw, reason):
    with pytest.raises(strict_json.RecordError) as refused:
        strict_json.load_json(raw)

    assert reason in refused.value.reason


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
RATING = st.sampled_from([None, -1, 0, 1])
FLAG = st.sampled_from([None, True, False])
HUMAN = st.builds(
    lambda text, rating, flagged, extra: (
        {"text": text, "rating": rating, "source": "human", "flagged": flagged} | extra
    ),
    TEXT,
    RATING,
    FLAG,
    st.sampled_from([{}, {"corrected_rating": None}, {"corrected_rating": -1}]),
)
COMPLETION = st.builds(
    lambda text, rating, flagged: {"text": text, "rating": rating, "flagged": flagged}, TEXT, RATING, FLAG
)
STEP = st.builds(
    lambda completions, human: {"completions": completions, "human_completion": human, "chosen_completion": None},
    st.none() | st.lists(COMPLETION, max_size=3),
    st.none() | TEXT | HUMAN,
)


@given(st.lists(STEP, max_size=3), TEXT, st.none() | TEXT, st.none() | st.floats(0, 1), st.booleans())
def test_a_line_is_written_as_json_dumps_writes_it(steps, text, answer, score, is_phase_1):
    body = json.loads(json.dumps(PHASE_2))
    body["labeler"], body["label"]["steps"] = text, steps
    body["question"] |= {"ground_truth_answer": answer, "pre_generated_verifier_score": score}
    body["question"]["pre_generated_steps"] = [text, ""]
    if is_phase_1:
        body["question"] = {"problem": text, "ground_truth_answer": answer}

    assert records.dump(records.parse_line(json.dumps(body))) == json.dumps(body)
