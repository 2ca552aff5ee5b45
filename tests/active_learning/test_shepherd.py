"""K4: the format of Math-Shepherd's dataset."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from active_learning.__main__ import main
from active_learning.automatic import Estimate, Estimated, read_estimates
from active_learning.shepherd import (
    SIGN,
    HeadingInside,
    ShepherdError,
    Signed,
    SignInside,
    read_line,
    row_of,
)
from active_learning.strict_json import RecordError
from tests import estimates

# A row as the dataset's page shows them, but for its words.
PUBLISHED = {
    "input": "Ann has 3 eggs and eats 1. How many are left? Step 1: Ann has 3 - 1 = 2 eggs left. ки\n"
    "Step 2: She has 2 + 0 = 2 eggs. The answer is: 2 ки",
    "label": "Ann has 3 eggs and eats 1. How many are left? Step 1: Ann has 3 - 1 = 2 eggs left. +\n"
    "Step 2: She has 2 + 0 = 2 eggs. The answer is: 2 -",
    "task": "GSM8K",
}
SIGNED = Signed(
    "Ann has 3 eggs and eats 1. How many are left?",
    ("Ann has 3 - 1 = 2 eggs left.", "She has 2 + 0 = 2 eggs. The answer is: 2"),
    (True, False),
    "GSM8K",
)


def line(row):
    return json.dumps(row, ensure_ascii=False).encode()


def test_k4_a_published_row_is_read_and_written_byte_for_byte():
    assert read_line(line(PUBLISHED)) == SIGNED
    assert row_of(SIGNED) == PUBLISHED


AWKWARD = st.sampled_from(["к", "и", SIGN, "+", "-", " ", "\n", "Step 1: ", "Step 2: ", "Step", ":", "1", "a"])
texts = st.lists(AWKWARD, max_size=8).map("".join) | st.text(max_size=12)
storable = texts.filter(lambda text: not any("\ud800" <= one <= "\udfff" or one == "\x00" for one in text))


@given(
    problem=storable,
    steps=st.lists(st.tuples(storable, st.booleans()), min_size=1, max_size=5),
    task=st.sampled_from(["GSM8K", "MATH"]),
)
@example("What comes after Step 1: a?", [("Step 1: b", True)], "MATH")
@example("p", [(" Step 1: a + b", True), ("\nStep 2: - +", False)], "MATH")
def test_k4_what_can_be_written_is_read_as_it_was_and_the_rest_is_refused(problem, steps, task):
    signed = Signed(problem, tuple(text for text, _ in steps), tuple(good for _, good in steps), task)

    try:
        row = row_of(signed)
    except SignInside:
        assert any(SIGN in text for text in (problem, *signed.steps))
        return
    except HeadingInside:
        assert "Step 1:" in problem
        return

    assert row["input"].count(SIGN) == len(steps)
    parts, rest = row["input"].split(SIGN), row["label"]
    for part, good in zip(parts, signed.is_good, strict=False):
        assert rest.startswith(part + ("+" if good else "-"))
        rest = rest[len(part) + 1 :]
    assert rest == parts[-1] == ""
    assert read_line(line(row)) == signed


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input": "p Step 1: a"}, f"input: each step ends with {SIGN}, and nothing follows the last one"),
        ({"input": f"p Step 1: a {SIGN} b"}, f"input: each step ends with {SIGN}, and nothing follows the last one"),
        ({"label": "p Step 1: a *"}, "label: has neither + nor - where step 1 ends"),
        ({"label": "p Step 1: a "}, "label: has neither + nor - where step 1 ends"),
        ({"label": "p Step 1: b +"}, "label: differs from input in the text of step 1"),
        ({"label": "p Step 1: a + -"}, "label: goes on after input has ended"),
        ({"input": f"p a {SIGN}", "label": "p a +"}, "input: the first step begins with “Step 1:”, and none does"),
        ({"task": 3}, "task: expected text, found a whole number"),
    ],
)
def test_k4_a_row_that_does_not_hold_together_is_refused_with_the_reason(changes, sentence):
    row = {"input": f"p Step 1: a {SIGN}", "label": "p Step 1: a +", "task": "MATH"}

    with pytest.raises(RecordError) as refused:
        read_line(line(row | changes))

    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("signed", "refusal"),
    [
        (Signed("Что такое ножки?", ("a",), (True,), "MATH"), SignInside),
        (Signed("p", ("a", "носки"), (True, True), "MATH"), SignInside),
        (Signed("First do Step 1: a.", ("a",), (True,), "MATH"), HeadingInside),
    ],
)
def test_k4_what_holds_the_marks_of_the_format_is_refused_by_name(signed, refusal):
    with pytest.raises(refusal, match=r"by which|ends steps with"):
        row_of(signed)


def test_k4_a_solution_without_steps_has_no_row():
    with pytest.raises(ShepherdError, match="no step to sign"):
        row_of(Signed("p", (), (), "MATH"))


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_k4_estimates_become_rows_and_rows_become_what_train_reads(tmp_path, capsys):
    one = Estimated(
        "a", "How many?", "2", ("1 + 1 = 2", "# Answer\n\n2"), "2", None, (Estimate(3, 8), Estimate(1, 1)), 50
    )
    none = Estimated("b", "How many?", "2", ("1 + 1 = 3",), "3", None, (Estimate(0, 1),), 50)
    some = [
        one,
        none,
        Estimated("c", "How many?", "2", ("Два носки", "2"), "2", None, (Estimate(1, 8), Estimate(1, 1)), 0),
        Estimated("d", "How many?", "2", ("1", "2"), "2", None, (None, Estimate(1, 1)), 0),
        Estimated("e", "What comes after Step 1: a?", "2", ("2",), "2", None, (Estimate(1, 1),), 0),
        Estimated("f", "And after Step 1: b?", "2", ("2",), "2", None, (Estimate(1, 1),), 0),
    ]
    path = estimates.write(tmp_path / "automatic.jsonl", some)

    written = run(capsys, "shepherd", "--automatic", path, "--task", "GSM8K", "--out", tmp_path / "rows.jsonl")
    read = run(capsys, "shepherd", "--rows", tmp_path / "rows.jsonl", "--out", tmp_path / "again.jsonl")

    left_out = {"left_out_sign_inside": 1, "left_out_heading_inside": 2, "left_out_not_estimated": 1}
    assert written[:2] == (0, [{"stage": "done", "solutions": 2, "steps": 3, **left_out}])
    assert read[:2] == (0, [{"stage": "done", "solutions": 2, "steps": 3}])
    first, second = read_estimates(tmp_path / "again.jsonl")
    assert (first.steps, first.answer, first.truth) == (one.steps, "2", "2")
    assert first.estimates == (Estimate(1, 1), Estimate(1, 1))
    assert (second.estimates, second.truth) == ((Estimate(0, 1),), None)  # what is right, a wrong answer does not tell


def test_k4_a_refused_row_names_its_line(tmp_path, capsys):
    (tmp_path / "rows.jsonl").write_bytes(line(PUBLISHED) + b"\n" + line(PUBLISHED | {"label": "?"}) + b"\n")

    code, _, said = run(capsys, "shepherd", "--rows", tmp_path / "rows.jsonl", "--out", tmp_path / "out.jsonl")

    assert (code, said) == (1, "rows.jsonl, line 2: label: differs from input in the text of step 1.\n")
    assert not (tmp_path / "out.jsonl").exists()
