"""Verdicts. The pairs follow protocol rows B1-B3; what the published grader says is in the last column."""

import importlib.metadata
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active_learning import grading
from active_learning.grading import GRADER_VERSION, Grade, answers_match, grade

PUBLISHED = [
    (" 5 ", "5", True),
    (r"\text{east}", "East", True),
    (r"\textbf{(A)}", "A", True),
    ("even", "odd", False),
    ("The answer is 5", "5", False),
    (r"\boxed{5}", "5", True),
    ("", "", True),
    ("", "5", False),
    # integers are strict
    ("5.0", "5", True),
    ("005", "5", True),
    ("1e3", "1000", True),
    ("2.0000000001", "2", True),
    ("2.001", "2", False),
    ("4+1", "5", False),
    (r"\frac{10}{2}", "5", False),
    ("2^3", "8", False),
    # thousands, money, percent, units
    ("1,000,000", "1000000", True),
    ("10,00", "1000", False),
    ("320,000", r"40,\!000", False),
    (r"\$1,250.00", "1250", True),
    (r"50\%", "50", True),
    ("0.5", r"50\%", False),
    ("5 cm", r"5\text{ cm}", True),
    ("5 m^2", "5", False),
    (r"30^{\circ}", "30 degrees", True),
    # fractions must be reduced, decimals need not be fractions
    (r"\frac12", "1/2", True),
    ("2/4", "1/2", False),
    (r"\frac{2}{4}", "0.5", True),
    (r"\frac{1}{-2}", r"-\frac{1}{2}", True),
    (r"1\frac{1}{2}", "3/2", True),
    ("0.333", r"\frac{1}{3}", False),
    # algebra, of two letters at most
    ("(x+1)^2", "x^2+2x+1", True),
    ("2x(x-3)+3(x-3)", "(2x+3)(x-3)", True),
    (r"2\sqrt{3}", r"\sqrt{12}", True),
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}", True),
    ("7i - 2", "-2+7i", True),
    ("a+b+c", "c+b+a", False),
    ("6.28", r"2\pi", False),
    ("y = 2x+1", "2x+1", True),
    # tuples, intervals, lists
    ("(0.5,2)", r"\left(\frac{1}{2},2\right)", True),
    ("(2,1)", "(1,2)", False),
    ("(1,2]", "(1,2)", False),
    ("(1,2,3)", "(1,2)", False),
    ("1 and 2", "1, 2", True),
    (r"[0,1) \cup (2,3]", r"[0,1)\cup(2,3]", True),
]

# Where we differ on purpose; docs/grading.md names the rule of each.
MEANING_KEPT = [
    (r"\frac{1}{x+1}", r"\frac{1}{x}+1", False),
    (r"\frac{x+1}{2}", "(x+1)/2", True),
    (r"\frac{1}{2x}", r"\frac{x}{2}", False),
    ("e^{x+1}", "e^x+1", False),
    ("e^{x+1}", "e^(x+1)", True),
    (r"\sqrt[3]{4}", r"\sqrt{4}+0", False),
    (r"0.\overline{3}", "0.3", False),
    (r"\binom{5}{2}", "52", False),
    ("10_2", "102", False),
    ("12345678901234567890", "12345678901234567891", False),
    ("cm", "inches", False),
    ("x<=3", "3", False),
    (r"5\text{ and }6", "5", False),
    ("(a+b+c,0.5)", "(a+b+c,1/2)", True),
]


@pytest.mark.parametrize(("answer", "truth", "verdict"), PUBLISHED)
def test_the_verdict_is_the_published_graders(answer, truth, verdict):
    assert answers_match(answer, truth) is verdict


@pytest.mark.parametrize(("answer", "truth", "verdict"), MEANING_KEPT)
def test_turning_latex_into_text_never_changes_what_it_means(answer, truth, verdict):
    assert answers_match(answer, truth) is verdict


@pytest.mark.parametrize(("answer", "truth", "verdict"), PUBLISHED + MEANING_KEPT)
def test_it_does_not_matter_which_of_the_two_is_the_truth(answer, truth, verdict):
    assert answers_match(truth, answer) is verdict


def test_no_answer_matches_nothing():
    assert answers_match(None, "5") is False
    assert answers_match(None, "") is False


def test_answers_beyond_the_length_limit_match_only_as_strings():
    long_sum = "+".join(["x"] * 200)
    assert answers_match(long_sum, long_sum + " ") is True
    assert answers_match(long_sum, "200x") is False
    assert grade(long_sum, "200x") == Grade.UNGRADABLE


@pytest.mark.parametrize(
    ("answer", "truth", "expected"),
    [
        ("0.5", r"\frac{1}{2}", Grade.CORRECT),
        ("x+1", "1+x", Grade.CORRECT),
        ("7", "8", Grade.WRONG),
        (r"\$1,250", "1251", Grade.WRONG),
        ("x+1", "x+2", Grade.WRONG),
        ("even", r"\text{odd}", Grade.WRONG),
        # math-verify alone says equal
        (r"\frac{10}{2}", "5", Grade.AMBIGUOUS),
        ("2^{10}", "1024", Grade.AMBIGUOUS),
        ("0.5", r"50\%", Grade.AMBIGUOUS),
        ("6, 4", "4, 6", Grade.AMBIGUOUS),
        ("-5", "\N{MINUS SIGN}5", Grade.AMBIGUOUS),
        # nothing to judge, or nothing to judge by
        (None, "5", Grade.UNGRADABLE),
        (" ", " ", Grade.UNGRADABLE),
        (r"\text{}", "5", Grade.UNGRADABLE),
        ("5", None, Grade.UNGRADABLE),
        ("5", "", Grade.UNGRADABLE),
    ],
)
def test_wrong_needs_both_graders_and_correct_needs_ours(answer, truth, expected):
    assert grade(answer, truth) == expected


number_texts = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.integers(1000, 10**7).map("{:,}".format),
    st.decimals(-1000, 1000, places=3).map(str),
    st.tuples(st.integers(0, 50), st.integers(1, 50)).map(lambda parts: r"\frac{{{}}}{{{}}}".format(*parts)),
    st.tuples(st.integers(0, 50), st.integers(1, 50)).map(lambda parts: "{}/{}".format(*parts)),
    st.integers(0, 1000).map(r"\${}".format),
)


@settings(max_examples=150)
@given(number_texts, number_texts)
def test_numbers_called_wrong_without_asking_are_those_that_math_verify_calls_wrong(answer, truth):
    if grading._numbers_apart(answer, truth):
        assert grading._ask(answer, truth, both=True) == (False, False)


def test_percent_and_units_are_left_to_math_verify():
    assert grading._numbers_apart("7", "8")
    assert not grading._numbers_apart(r"7\%", "8")
    assert not grading._numbers_apart("7 cm", "8")
    assert not grading._numbers_apart("1.0000001", "1.0000002")


answers = st.one_of(
    st.text(alphabet="0123456789xyaπ+-*/^()[]{},.\\ !_$%=", max_size=16),
    st.text(max_size=16),
    st.sampled_from([answer for answer, _, _ in PUBLISHED]),
)


@settings(max_examples=150)
@given(answers, answers)
def test_any_two_strings_get_a_verdict_that_is_the_same_both_ways(answer, truth):
    assert answers_match(answer, truth) == answers_match(truth, answer)


@settings(max_examples=150)
@given(answers)
def test_every_answer_matches_itself(answer):
    assert answers_match(answer, answer) is True


def test_the_version_names_the_libraries_that_decide():
    sympy, math_verify = (importlib.metadata.version(name) for name in ("sympy", "math-verify"))
    assert GRADER_VERSION.endswith(f"+sympy-{sympy}+math-verify-{math_verify}")


def test_importing_the_grader_loads_the_standard_library_only():
    script = (
        "import sys; before = set(sys.modules); import active_learning.grading;"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == ["active_learning"]
