"""Table A: answers that are lost on their way; on a site of its own, which the control leaves without its indexes."""

import pytest

from tests.prove.harness import cutting, labelers, ledger, site
from tests.prove.harness.siege import more

CONSTRAINTS = ("one_label_per_labeler_and_solution", "one_punctual_label_per_slot")


@pytest.mark.figure(
    "A9",
    "the answer to a label is lost after the commit",
    "each is sent again and answered as a repetition; 0 twice",
)
def test_a_lost_answer_makes_no_second_label(prove, open_folder):
    wanted = prove.count(short=100, full=1000)
    with site.running(open_folder) as where:
        where.fill(prove.count(short=3_000, full=12_000))
        _prove(prove, where, wanted)


def _prove(prove, where, wanted):
    where.web()
    kept, cut = _cut_off(where, wanted)
    found = ledger.audit(where, kept)
    repeated = kept.statuses["labels"][200]
    prove.measured(f"{cut} answers cut off, {repeated} repetitions; {found}")
    assert found.is_sound, found
    assert repeated >= wanted
    assert not kept.refusals

    for name in CONSTRAINTS:
        where.execute(f"DROP INDEX {name}")
    kept, cut = _cut_off(where, 20, new_id_each_time=True)
    planted = ledger.audit(where, kept)
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
