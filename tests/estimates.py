"""Files of automatic labels whose truth is the toy domain's oracle, made without any rollout."""

import json

from active_learning.automatic import Estimate, Estimated, line_of
from active_learning.domains import chains

ROLLOUTS = 8
# How often a completer of the toy domain comes to the right answer: seldom after an error, and mostly before it.
AFTER_ERROR, BEFORE = 0.05, 0.8


def estimated(solution, number, rng, *, before=BEFORE):
    """One solution of `simulate.make_pool` with estimates drawn from rng; the last one is of its own answer."""
    ratings = chains.rate(solution.problem["problem"], list(solution.steps))
    chances = [AFTER_ERROR if rating == -1 else before for rating in ratings]
    drawn = [Estimate(sum(rng.random() < chance for _ in range(ROLLOUTS)), ROLLOUTS) for chance in chances[:-1]]
    return Estimated(
        id=number,
        problem=solution.problem["problem"],
        truth=solution.problem["answer"],
        steps=solution.steps,
        answer=solution.answer,
        start=None,
        estimates=(*drawn, Estimate(int(solution.is_correct), 1)),
        tokens=0,
    )


def write(path, some):
    path.write_text("".join(json.dumps(line_of(one)) + "\n" for one in some))
    return path


def write_toy(path, pool, rng, **options):
    return write(path, [estimated(solution, number, rng, **options) for number, solution in enumerate(pool)])
