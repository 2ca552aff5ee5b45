"""Protocol row B4: where a solution's text names its final answer."""

import pytest

from active_learning.grading import answers_match, extract_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So it is 5.\n\n# Answer\n\n5", "5"),
        ("# Answer\n\n3\n\nNo, again.\n\n# Answer\n\n\\frac{1}{2}\n", r"\frac{1}{2}"),
        ("It makes 18 dollars.\n#### 18", "18"),
        ("#### 1,234\n", "1,234"),
        ("2+1=<<2+1=3>>3 bolts\nA: 3", "3"),
        ("Final Answer: 4:30 p.m.", "4:30 p.m."),
        ("Step 3: 9 * 2 = 18. The answer is: 18", "18"),
        ("The final answer is: $\\frac{1}{2}$. I hope it is correct.", r"\frac{1}{2}"),
        ("The answer is: \\(x+1\\).", "x+1"),
        ("The answer is: $5", "$5"),
        ("The answer is: $5 or $6.", "$5 or $6"),
        ("The answer is: even.", "even"),
        (r"Therefore $x=\boxed{\frac{1}{2}}$.", r"\frac{1}{2}"),
        (r"$\boxed{\left\{ x : x > 0 \right.}$", r"\left\{ x : x > 0 \right."),
        (r"$\boxed{\boxed{5}}$", "5"),
        (r"$\fbox{7}$", "7"),
        (r"so $y^2 = \boxed 9$.", "9"),
        (r"$\boxed{1}$, no: $\boxed{2}$", "2"),
        (r"$\boxed{1}$ is a step. The answer is: 2", "2"),
        (r"The answer is: $\boxed{3}$.", "3"),
    ],
)
def test_the_final_answer_is_found_however_the_solution_announces_it(text, answer):
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No answer here: 5",
        "# Answer\n\n",
        "# Answers vary\n\n5",
        r"$\boxed{}$",
        r"first $\boxed{4}$, then $\boxed{\frac{1}{2",
        "The answer is:",
        "because Anna: 5",
        "The shares are\na: 5\nb: 7",
    ],
)
def test_a_solution_without_a_whole_answer_has_none_and_is_incorrect(text):
    assert extract_answer(text) is None
    assert answers_match(extract_answer(text), "5") is False


def test_a_megabyte_of_open_boxes_is_read_in_a_moment():
    assert extract_answer("\\boxed{" * 150_000) is None
    assert extract_answer("# Answer\n" * 100_000) is None
