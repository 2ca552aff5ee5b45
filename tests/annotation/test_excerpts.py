import time

import pytest

from annotation.queries.excerpts import EXCERPT, excerpt

WORDS = "and " * 25  # 100 characters


def test_a_short_text_stays_as_it_is():
    assert excerpt("What is $1+1$?") == "What is $1+1$?"
    assert excerpt("x" * EXCERPT) == "x" * EXCERPT


def test_a_long_one_says_that_it_goes_on():
    assert excerpt("x" * (EXCERPT + 1)) == "x" * EXCERPT + " …"


@pytest.mark.parametrize(
    "formula", ["$%s$", "$$%s$$", "\\[%s\\]", "\\(%s\\)", "\\begin{align*}%s\\end{align*}", "$\\$%s$"]
)
def test_it_ends_before_a_formula_that_would_be_cut(formula):
    text = f"$y$ {WORDS} {formula % ('x+' * 60)} and so on"

    assert excerpt(text) == f"$y$ {WORDS}".rstrip() + " …"


@pytest.mark.parametrize(
    "text", ["It costs $5 " + "and " * 50, "\\$5 " + WORDS + "or \\$7 " + WORDS, "$" + "x+" * 100 + "$"]
)
def test_money_and_a_formula_at_the_very_beginning_do_not_shorten_it(text):
    assert excerpt(text) == text[:EXCERPT].rstrip() + " …"


@pytest.mark.parametrize("mark", ["\\[", "\\begin{a}", "$$ \\(", "$"])
def test_marks_without_end_take_no_time(mark):
    begin = time.perf_counter()

    excerpt(mark * 50_000)

    assert time.perf_counter() - begin < 1
