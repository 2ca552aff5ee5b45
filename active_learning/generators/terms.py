"""Under what terms a generator is asked. None of it changes a text."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from active_learning.generators import GeneratorError
from active_learning.generators.budget import Budget, Prices


@dataclass(frozen=True)
class Terms:
    """Raises GeneratorError where nothing could be asked."""

    at_once: int = 16  # requests in flight to a server
    timeout: float = 600.0  # seconds that a server may be silent
    prices: Prices = field(default_factory=Prices)
    cost: float | None = None  # that may be reached in all
    patience: float = math.inf  # seconds after which nothing is tried again

    def __post_init__(self) -> None:
        if self.at_once < 1 or not self.timeout > 0:
            raise GeneratorError("At least one request is in flight at a time, and has a time-out above 0 seconds.")
        if self.cost is not None and not (self.prices.prompt > 0 or self.prices.sampled > 0):
            raise GeneratorError("A cost can be limited only where it is known: give --price-in and --price-out.")

    def budget(self, tokens: int | None, out_path: Path) -> Budget:
        """The budget of work whose output this is. What servers were asked for it stands beside it until it is done."""
        return Budget(tokens, cost=self.cost, prices=self.prices, journal=journal_of(out_path))


def journal_of(out_path: Path) -> Path:
    return out_path.with_name(out_path.name + ".asked")
