"""Table A: a database that hears and never answers, and answers that are lost on their way."""

import time

import pytest

from tests.prove.harness import cutting, labelers, ledger
from tests.prove.harness.siege import more

CONSTRAINTS = ("one_label_per_labeler_and_solution", "one_punctual_label_per_slot")


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


@pytest.mark.figure(
    "A9",
    "the answer to a label is lost after the commit",
    "each is sent again and answered as a repetition; 0 twice",
)
def test_a_lost_answer_makes_no_second_label(prove, broken_site):
    wanted = prove.count(short=100, full=1000)
    broken_site.web()
    kept, cut = _cut_off(broken_site, wanted)
    found = ledger.audit(broken_site, kept)
    repeated = kept.statuses["labels"][200]
    prove.measured(f"{cut} answers cut off, {repeated} repetitions; {found}")
    assert found.is_sound, found
    assert repeated >= wanted
    assert not kept.refusals

    for name in CONSTRAINTS:
        broken_site.execute(f"DROP INDEX {name}")
    kept, cut = _cut_off(broken_site, 20, new_id_each_time=True)
    planted = ledger.audit(broken_site, kept)
    prove.control(f"a new id at each attempt, no unique index: {planted.twice} twice of {cut} cut off")
    assert planted.twice > 0


def _cut_off(where, wanted, **planted):
    with (
        cutting.between(where.url, share=0.3, seed=9) as (url, cut),
        labelers.at_work(where, pace=0.1, url=url, seed=9, **planted) as kept,
    ):
        where.tend_until(lambda: len(cut) >= wanted)
        count = len(cut)
        more(where, kept, 64)
    return kept, count
