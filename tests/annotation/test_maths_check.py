"""Mathematics that the labeling page shows as its source is told at the import, by the same limits."""

import re
import time
from pathlib import Path

import pytest

from annotation.services import maths_check

SCRIPT = Path(__file__).parents[2] / "labeling_ui/static/labeling_ui/js/maths_text.js"


@pytest.mark.parametrize("name", ["MAX_FORMULA", "MAX_TEXT", "MAX_FORMULAS", "MAX_NESTING"])
def test_a_limit_is_that_of_the_page(name):
    there = re.search(rf"export const {name} = ([\d_]+);", SCRIPT.read_text())

    assert getattr(maths_check, name) == int(there[1])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("$" + "x" * 2_001 + "$", "a formula of more than 2,000 characters"),
        ("$" + "{" * 21 + "}" * 21 + "$", "nested more than 20 deep"),
        ("$\\def\\a{aa}\\a$", "\\def defines a command"),
        ("$\\newcommand{\\a}{aa}\\a$", "\\newcommand defines a command"),
        ("\\begin{matrix} x", "\\begin{matrix} without its end"),
    ],
)
def test_what_the_page_shows_as_its_source_is_told(text, fault):
    (told,) = maths_check.faults(text)

    assert told.startswith(fault)


@pytest.mark.parametrize(
    "text", ["$" + "{" * 20 + "}" * 20 + "$", "$\\left(x\\\\let\\right)$", "$" + "x" * 2_000 + "$"]
)
def test_what_the_page_typesets_is_not(text):
    assert list(maths_check.faults(text)) == []


def test_beginnings_without_an_end_are_looked_through_in_a_moment():
    began = time.process_time()

    for piece in ("\\begin{a}", "\\begin{a}\\end{b}"):
        list(maths_check.faults(piece * (20_000 // len(piece))))
    list(maths_check.faults("\\begin{a}" * 2_000 + "\\end{a}"))

    assert time.process_time() - began < 2
