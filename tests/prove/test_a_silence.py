"""Table A: a database that hears and never answers."""

import time

import pytest

from tests.prove.harness import labelers, ledger
from tests.prove.harness.siege import more


@pytest.mark.figure(
    "A8",
    "PostgreSQL stopped (SIGSTOP) for longer than a request may last",
    "every request ends within 12 s, by 503; labels go on within 5 s; 0 lost",
)
def test_a_deaf_database_holds_nobody_for_ever(prove, broken_site):
    seconds = prove.count(short=16, full=30)
    broken_site.web()
    kept, waited = _while_deaf(broken_site, seconds)
    found = ledger.audit(broken_site, kept)
    prove.measured(
        f"longest {kept.longest:.1f} s, {kept.count(503)} × 503, {kept.count(None)} without an answer; labels after "
        f"{waited:.1f} s; {found}"
    )
    assert found.is_sound, found
    assert kept.longest < 12
    assert (kept.count(None), kept.count(500)) == (0, 0)
    assert waited < 5

    broken_site.web("tests.prove.harness.planted:patient")
    kept, _ = _while_deaf(broken_site, 14)
    prove.control(f"connections without a limit: longest {kept.longest:.1f} s")
    assert kept.longest > 12


def _while_deaf(where, seconds):
    """The ledger, and how long after its end the first label was stored."""
    with labelers.at_work(where, seed=5) as kept:
        more(where, kept, 32)
        with where.deaf_database():
            where.tend(seconds)
            ended = time.monotonic()
        more(where, kept, 64)
    return kept, kept.wait_after([ended])[1]
