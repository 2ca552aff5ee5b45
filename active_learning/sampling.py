"""A generator is asked about every item of a file, within a budget; killed and started again the work goes on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from active_learning.generators import Generator, GeneratorError
from active_learning.generators.budget import BudgetSpent
from active_learning.generators.opening import open_generator
from active_learning.generators.terms import Terms, journal_of
from active_learning.resumable import Part, Progress, Row, work_off

Item = TypeVar("Item")


@dataclass(frozen=True)
class Means:
    """What the work is done with."""

    generator: str
    budget: int | None = None  # tokens that may be sampled
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True)
class Work:
    """`identity`: what the bytes of the output hang on, besides the generator. `lines`: of a result in the output."""

    stage: str
    out_path: Path
    identity: Row
    lines: Callable[[Row], Iterable[Row]]
    at_once: int | None = None  # items asked about side by side; None: as many as the generator likes


@dataclass(frozen=True)
class Outcome:
    results: list[Row]
    over_budget: int  # items that there were no tokens left for
    asked: dict[str, Any]  # of servers, with what it cost


def ask_all(
    means: Means, work: Work, items: Sequence[Item], ask: Callable[[Generator, Item], Row], *, progress: Progress
) -> Outcome:
    """Ask about what is not done yet; each result says how many `tokens` it took.

    The output appears under its name only when it is complete, or the budget spent. Raises resumable.OtherWork, and
    GeneratorError: BudgetSpent where not even the first question could be asked.
    """
    part = Part(work.out_path)
    with part.alone():
        budget = means.terms.budget(means.budget, work.out_path)
        generator = open_generator(means.generator, budget, means.terms)
        done = part.begin_or_go_on({**work.identity, "generator": {"name": generator.name, **generator.identity()}})
        budget.count_as_spent(sum(row["tokens"] for row in done.values()))

        def show(number: int) -> None:
            progress({"stage": work.stage, "done": number, "total": len(items), "tokens": budget.spent})

        def asked(item: tuple[int, Item]) -> Row:
            number, one = item
            try:
                return ask(generator, one)
            except BudgetSpent:
                raise
            except GeneratorError as error:
                raise GeneratorError(f"At number {number} of {len(items)}: {error}") from error

        at_once = work.at_once or generator.at_once
        try:
            work_off(part, done, list(enumerate(items, 1)), asked, at_once=at_once, progress=show)
        except BudgetSpent:
            if not done:
                raise
        results = [done[place] for place in sorted(done)]
        part.publish(line for row in results for line in work.lines(row))
        journal_of(work.out_path).unlink(missing_ok=True)
    return Outcome(results, len(items) - len(results), budget.told())
