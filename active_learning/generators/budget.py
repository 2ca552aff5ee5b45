"""How many tokens may be sampled. Room is taken before a question is asked, so that no answer can overdraw it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from active_learning.generators import GeneratorError


class BudgetSpent(GeneratorError):
    """What is left does not suffice for the next question; the message is for people."""


class Budget:
    """Tokens that may be sampled; None: as many as it takes. Several threads may share one."""

    def __init__(self, tokens: int | None = None, *, spent: int = 0) -> None:
        self._limit = tokens
        self.spent = spent
        self._taken = 0
        self._lock = Lock()

    @contextmanager
    def room(self, most: int) -> Iterator[Callable[[int], None]]:
        """Room for at most so many tokens, given back at the end; call what it yields with those that were sampled.

        Raises BudgetSpent.
        """
        self._take(most)
        try:
            yield self._spend
        finally:
            with self._lock:
                self._taken -= most

    def _take(self, most: int) -> None:
        with self._lock:
            if self._limit is not None and self.spent + self._taken + most > self._limit:
                raise BudgetSpent(
                    f"Of the budget of {self._limit:,} tokens {self.spent:,} are spent, and the next question may take "
                    f"{most:,}. Give more, or ask for fewer or shorter samples."
                )
            self._taken += most

    def _spend(self, tokens: int) -> None:
        with self._lock:
            self.spent += tokens
