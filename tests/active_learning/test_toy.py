import json
from random import Random

import pytest

from active_learning.domains import chains, toy
from active_learning.domains.chains import Chain, Operation

PROBLEM = "Start with $8$. Add $3$, multiply by $2$, then subtract $5$. What is the result?"


def ratings(*steps):
    return chains.rate(PROBLEM, list(steps))


def test_a_problem_reads_as_it_was_written():
    chain = Chain(8, (Operation("+", 3), Operation("*", 2), Operation("-", 5)))
    assert chain.text("What is the result?") == PROBLEM
    assert chains.read_problem(PROBLEM) == chain
    assert chain.values() == [8, 11, 22, 17]


def test_the_right_solution_is_positive_throughout():
    answer = "Now $22 - 5 = 17$.\n\n# Answer\n\n17"
    assert ratings("$8 + 3 = 11$.", r"Then $11 \times 2 = 22$.", answer) == [1, 1, 1]


@pytest.mark.parametrize(
    "sentence",
    ["So far we have $11$.", "The next instruction is to multiply by $2$.", "Check: $11 - 3 = 8$."],
)
def test_a_true_sentence_that_makes_no_progress_is_neutral(sentence):
    assert ratings("We start with $8$.", "$8 + 3 = 11$.", sentence, r"$11 \times 2 = 22$.") == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        r"$11 \times 2 = 21$.",  # slip
        r"$11 \times 3 = 33$.",  # another operand
        "$11 + 2 = 13$.",  # another operation
        "$11 - 5 = 6$.",  # an instruction left out
        r"$8 \times 2 = 16$.",  # an old value
        "So far we have $12$.",
        "The next instruction is to multiply by $3$.",
        "Check: $11 - 3 = 9$.",
        "Check: $11 - 2 = 9$.",  # true, but undoes nothing that was done
        "We start with $8$.",  # no longer
        "$11 \\times 2 = 22$.\n\n# Answer\n\n22",  # not finished
    ],
)
def test_every_kind_of_mistake_is_negative_and_so_is_all_that_builds_on_it(wrong):
    assert ratings("$8 + 3 = 11$.", wrong, r"$11 \times 2 = 22$.") == [1, -1, -1]


def test_a_wrong_answer_after_right_steps_is_negative():
    last = "$22 - 5 = 17$.\n\n# Answer\n\n"
    assert ratings("$8 + 3 = 11$.", r"$11 \times 2 = 22$.", last + "16") == [1, 1, -1]
    assert ratings("$8 + 3 = 11$.", r"$11 \times 2 = 22$.", "$22 - 5 = 17$.") == [1, 1, -1]


def test_a_check_may_divide_but_only_exactly():
    first = "$8 + 3 = 11$.", r"$11 \times 2 = 22$."
    assert ratings(*first, r"Check: $22 \div 2 = 11$.")[-1] == 0
    assert not 0 <= Operation("/", 2).apply(11) <= chains.HIGHEST


def test_what_is_not_of_this_domain_is_refused():
    with pytest.raises(chains.Unreadable):
        chains.read_problem("How many eggs are left?")
    with pytest.raises(chains.Unreadable):
        ratings("Let $x$ be the number of eggs.")


def test_problems_are_ready_for_import_and_their_reference_solutions_are_right():
    problems = list(toy.problems(50, rng=Random(0)))
    assert problems[0].keys() == {"problem", "answer", "solution", "subject", "level", "unique_id"}
    assert len({problem["problem"] for problem in problems}) == len({p["unique_id"] for p in problems}) == 50
    for problem in problems:
        *steps, rest = problem["solution"].split("\n", len(chains.read_problem(problem["problem"]).operations) - 1)
        assert set(chains.rate(problem["problem"], [*steps, rest])) == {1}
        assert rest.endswith(f"# Answer\n\n{problem['answer']}")
        assert 1 <= problem["level"] <= 4


def all_solutions(error_rate, rng):
    for problem in toy.problems(40, rng=rng):
        for solution in toy.solutions(problem, 10, rng=rng, error_rate=error_rate):
            yield problem, solution


def test_solutions_differ_and_end_with_their_answer():
    rows = list(all_solutions(0.12, Random(1)))
    assert len({(problem["unique_id"], *solution["steps"]) for problem, solution in rows}) == 400
    assert all(solution["steps"][-1].endswith(f"\n\n# Answer\n\n{solution['answer']}") for _, solution in rows)
    assert rows[0][1].keys() == {"unique_id", "steps", "answer", "generator"}


def test_the_error_rate_is_a_knob():
    def share_wrong(rate):
        rows = list(all_solutions(rate, Random(2)))
        return sum(-1 in chains.rate(problem["problem"], solution["steps"]) for problem, solution in rows) / len(rows)

    assert share_wrong(0.0) == 0
    assert 0.05 < share_wrong(0.03) < 0.3 < share_wrong(0.12) < 0.65 < share_wrong(0.4)


def test_mistakes_are_of_several_kinds_and_some_do_not_show_in_the_answer():
    wrong, right_answer = set(), 0
    for problem, solution in all_solutions(0.2, Random(3)):
        truth = chains.rate(problem["problem"], solution["steps"])
        if -1 in truth:
            wrong.add(truth.index(-1))
            right_answer += solution["answer"] == problem["answer"]
    assert len(wrong) > 4  # first errors anywhere
    assert right_answer > 10


def test_a_seed_gives_the_same_bytes():
    first, second = (json.dumps(list(all_solutions(0.12, Random(4)))) for _ in range(2))
    assert first == second
    assert first != json.dumps(list(all_solutions(0.12, Random(5))))
