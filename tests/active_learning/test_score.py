import subprocess
import sys
from dataclasses import replace
from random import Random

import pytest
import torch

from active_learning import score
from tests.tiny_prm import make_checkpoint, make_solutions

# A released scored sample of the PRM800K authors, there in the order negative, positive, neutral.
RELEASED = [
    (0.593068042770836, 0.387681464904673, 0.01925049232449113),
    (0.05710269249567796, 0.9101000509718192, 0.0327972565325028),
    (0.04241488752473914, 0.9291714977657496, 0.028413614709511318),
    (0.7507610598005641, 0.1384993425138924, 0.11073959768554346),
]
TRIPLES = [(negative, neutral, positive) for negative, positive, neutral in RELEASED]


@pytest.mark.parametrize(
    ("reduction", "neutral", "expected"),
    [
        ("product", "positive", 0.09157553704097245),
        ("product", "negative", 0.04540542735872218),
        ("minimum", "positive", 0.24923894019943588),
        ("minimum", "negative", 0.1384993425138924),
        ("geometric_mean", "positive", 0.09157553704097245**0.25),
    ],
)
def test_the_released_sample_has_its_released_scores(reduction, neutral, expected):
    assert score.solution_score(TRIPLES, reduction=reduction, neutral=neutral) == pytest.approx(expected, abs=1e-12)


def test_the_product_with_neutral_as_positive_is_the_default_and_never_above_the_minimum():
    assert score.solution_score(TRIPLES) == score.solution_score(TRIPLES, reduction="product", neutral="positive")
    assert score.solution_score(TRIPLES) <= score.solution_score(TRIPLES, reduction="minimum")


def test_a_solution_without_steps_has_no_score():
    with pytest.raises(ValueError, match="without steps"):
        score.solution_score([])


@pytest.mark.parametrize("module", ["score", "shards", "select", "config", "domains.toy", "domains.chains"])
def test_what_other_programs_use_loads_without_torch(module):
    program = f"import sys, active_learning.{module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("mode", ["full", "probe"])
def test_scores_do_not_depend_on_batches_or_padding(mode, tmp_path):
    prm = make_checkpoint(tmp_path, mode)
    solutions = make_solutions(40, Random(0))
    together = list(score.score_solutions(prm, solutions, batch_tokens=2000))
    alone = list(score.score_solutions(prm, solutions, batch_tokens=1))
    assert [one.id for one in together] == list(range(40))
    assert [len(one.probabilities) for one in together] == [len(one.steps) for one in solutions]
    for left, right in zip(together, alone, strict=True):
        torch.testing.assert_close(
            torch.tensor(left.probabilities), torch.tensor(right.probabilities), atol=1e-5, rtol=0
        )
    assert len({round(one.probabilities[0][2], 6) for one in together}) > 30


@pytest.mark.parametrize("mode", ["full", "probe"])
def test_a_later_step_does_not_change_the_probabilities_of_earlier_ones(mode, tmp_path):
    prm = make_checkpoint(tmp_path, mode)
    long = score.Unscored("long", "w1 w2", ("w3 w4", "w5", "w6 w7"))
    short = score.Unscored("short", "w1 w2", ("w3 w4", "w5", "w9"))
    first, second = (one.probabilities for one in score.score_solutions(prm, [long, short]))
    same = [torch.allclose(torch.tensor(a), torch.tensor(b), atol=1e-6) for a, b in zip(first, second, strict=True)]
    assert same == [True, True, False]


def test_probabilities_of_single_precision_never_make_a_score_above_one():
    assert score.solution_score([(1e-9, 0.30000001192092896, 0.7000000476837158)] * 5) == 1.0


def test_solutions_that_are_alike_up_to_the_predicted_error_have_the_same_judged_part():
    right, wrong = (0.1, 0.0, 0.9), (0.6, 0.0, 0.4)

    def part(*steps, probabilities, problem="p"):
        return score.judged_part(score.Unscored(1, problem, steps), probabilities, threshold=0.5)

    error = part("a", "b", "c", probabilities=[right, wrong, right])
    assert part("a", " b\n", "d", probabilities=[right, wrong, wrong]) == error
    assert part("a", "b", "c", probabilities=[right, right, wrong]) != error
    assert part("a", "c", "b", probabilities=[right, wrong, right]) != error
    assert part("a", "b", "c", probabilities=[right, wrong, right], problem="q") != error
    assert part("a", "b", probabilities=[right, right]) == error  # nothing is wrong in it: all of it is read


def test_an_outcome_model_is_asked_at_the_last_step_only(tmp_path):
    prm = make_checkpoint(tmp_path, "full")
    scorer = score.local(prm, "0")
    scored = score.Scored(score.Unscored(1, "p", ("a", "b")), ((0.5, 0.1, 0.4), (0.2, 0.1, 0.7)))
    assert score.line_of(scored, scorer)["product"] == pytest.approx(0.4)
    line = score.line_of(scored, replace(scorer, kind="orm"))
    assert line["product"] == line["minimum"] == pytest.approx(0.8)
