import json
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from active_learning.answer_values import value_of
from tests.shared_data import shared_lines


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("7", 7),
        ("-1/4", -0.25),
        ("1,000", 1000),
        (r"\frac{3}{4}", 0.75),
        (r"2\sqrt{3}", 12**0.5),
        (r"\frac{\sqrt{3}}{2}", 0.75**0.5),
        (r"\frac{1}{1+\sqrt{3}}", 1 / (1 + 3**0.5)),
        ("2^3-1", 7),
        ("2pi", 6.283185307179586),
        (r"\frac{\pi}{2}", 1.5707963267948966),
    ],
)
def test_an_expression_has_its_value(answer, value):
    assert value_of(answer) == pytest.approx(value)


@pytest.mark.parametrize(
    ("one", "other"), [("x+1", "1+x"), ("ab", "ba"), ("2x", "x2"), ("2ab^2", "2*a*b*b"), ("(x+1)^2", "x^2+2x+1")]
)
def test_letters_stand_for_numbers_of_their_own(one, other):
    assert value_of(one) == pytest.approx(value_of(other))
    assert value_of(one) != pytest.approx(value_of(one.replace("x", "y").replace("a", "c")))


@pytest.mark.parametrize(
    "answer",
    [
        "", "(1,2)", r"(-\infty,3]", "x=5", "3!", "f(x)", "2e5x", "(x)2", "1.2.3", "1/0", "9^9^9", "a.b",
        "7 3/4",  # a mixed number to one rule of the grader, 73/4 to another
        r"5\text{ apples}",  # five to one, five times a p p l e s to the other
        "1" * 101, "(" * 50 + ")" * 50,
    ],
)  # fmt: skip
def test_what_is_not_plainly_one_number_has_none(answer):
    assert value_of(answer) is None


@given(answer=st.text("0123456789abxyz+-*/^().,! \\{}sqrtfcpi", max_size=60))
def test_nothing_that_a_model_writes_takes_long_or_raises(answer):
    started = perf_counter()
    value_of(answer)
    assert perf_counter() - started < 0.2


@pytest.mark.shared_data
def test_answers_that_the_published_grader_calls_equal_have_equal_values_or_none():
    cases = [json.loads(line) for line in shared_lines("grader_cases.jsonl")]
    equal = [(case["given"], case["ground_truth"]) for case in cases if case["expected"] is True and case["given"]]
    values = [(value_of(one), value_of(other)) for one, other in equal]
    known = [pair for pair in values if None not in pair]
    assert len(known) > 80
    assert all(one == pytest.approx(other, rel=1e-6) for one, other in known)
