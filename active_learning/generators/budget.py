"""How many tokens may be sampled, and what they may cost. Room is taken before a question is asked, so that no answer can
overdraw it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Condition
from typing import Any

from active_learning.generators import GeneratorError
from active_learning.generators.journal import NOTHING, Journal, Spending, Taken


class BudgetSpent(GeneratorError):
    """What is left does not suffice for the next question; the message is for people."""


@dataclass(frozen=True)
class Prices:
    """Of a million tokens, in any currency."""

    prompt: float = 0.0
    sampled: float = 0.0

    def of(self, prompt: int, sampled: int) -> float:
        return (prompt * self.prompt + sampled * self.sampled) / 1e6


class Budget:
    """Tokens that may be sampled, and their cost; None: as much as it takes. Several threads may share one.

    `journal` is a file that remembers what servers were asked, of an earlier process too.
    """

    def __init__(
        self,
        tokens: int | None = None,
        *,
        cost: float | None = None,
        prices: Prices | None = None,
        journal: Path | None = None,
    ) -> None:
        self._limit, self._cost_limit, self._prices = tokens, cost, prices or Prices()
        self._journal = Journal(journal)
        self.spending: Spending = self._journal.spending
        self.spent = self.spending.spent_tokens
        self._taken = NOTHING
        self._changed = Condition()

    @property
    def cost(self) -> float:
        return self._prices.of(self.spending.prompt_tokens, self.spent)

    def count_as_spent(self, tokens: int) -> None:
        """At least so many were sampled before, as the results that were kept tell."""
        self.spent = max(self.spent, tokens)

    def told(self) -> dict[str, Any]:
        """What servers were asked, for people; nothing where none was."""
        return {**asdict(self.spending), "cost": round(self.cost, 6)} if self.spending.requests else {}

    @contextmanager
    def room(self, most: int) -> Iterator[Callable[[int], None]]:
        """Room for at most so many tokens, given back at the end; call what it yields with those that were sampled.

        Waits for what others have taken and may give back. Raises BudgetSpent.
        """
        room = Taken(0, most)
        self._take(room)
        try:
            yield self._spend
        finally:
            self._give_back(room)

    @contextmanager
    def request(self, most: Taken, *, is_retry: bool) -> Iterator[Callable[[Taken], None]]:
        """Room for a request to a server, as `room`; call what it yields with what the request took.

        Where that is not called all of it counts as spent: the reply was lost, and may have to be paid for.
        """
        self._take(most)
        number = self._journal.begin(most, is_retry=is_retry)
        told = [most._replace(how="lost")]
        try:
            yield told.append
        finally:
            self._journal.end(number, told[-1])
            self._spend(told[-1].sampled)
            self._give_back(most)

    def _take(self, most: Taken) -> None:
        with self._changed:
            while self._is_over(self._taken.plus(most)):
                if self._is_over(most):
                    raise BudgetSpent(self._why_not(most))
                self._changed.wait()
            self._taken = self._taken.plus(most)

    def _is_over(self, more: Taken) -> bool:
        tokens, prompt = self.spent + more.sampled, self.spending.prompt_tokens + more.prompt
        is_too_dear = self._cost_limit is not None and self._prices.of(prompt, tokens) > self._cost_limit
        return is_too_dear or (self._limit is not None and tokens > self._limit)

    def _why_not(self, most: Taken) -> str:
        if self._limit is not None and self.spent + most.sampled > self._limit:
            have, spent, next_one = f"{self._limit:,} tokens", f"{self.spent:,} are", f"{most.sampled:,}"
        else:
            have, spent = f"{self._cost_limit:g}", f"{self.cost:.6g} is"
            next_one = f"{self._prices.of(most.prompt, most.sampled):.6g}"
        return (
            f"Of the budget of {have} {spent} spent, and the next question may take {next_one}. "
            "Give more, or ask for fewer or shorter samples."
        )

    def _spend(self, tokens: int) -> None:
        with self._changed:
            self.spent += tokens

    def _give_back(self, room: Taken) -> None:
        with self._changed:
            self._taken = self._taken.minus(room)
            self._changed.notify_all()
