"""Table A: what is killed while 32 labelers work, and what they were promised (docs/reliability.md)."""

import tempfile
import time
from pathlib import Path

import pytest

from tests.prove.harness import labelers, ledger, site

SOLUTIONS = 12_000
BETWEEN_SECONDS = (0.4, 1.4)  # kills


@pytest.fixture(scope="module")
def broken_site():
    with tempfile.TemporaryDirectory(prefix="stepmark-prove-") as folder:
        data = Path(folder)
        data.chmod(0o711)
        with site.running(data) as running:
            running.fill(SOLUTIONS)
            yield running


def under_fire(where, fault, times, luck, *, recovered=lambda: True, **planted):
    """Labelers work, the fault strikes so often; gives the ledger and the moments of the strikes."""
    moments = []
    with labelers.at_work(where, seed=luck.randrange(2**31), **planted) as kept:
        where.tend_until(lambda: len(kept) > 32)
        for _ in range(times):
            where.tend(luck.uniform(*BETWEEN_SECONDS))
            moments.append(time.monotonic())
            fault()
            where.tend_until(recovered)
            count = len(kept)
            where.tend_until(lambda count=count: len(kept) > count)
        where.tend(1.0)
        settle(where, kept)
    return kept, moments


def settle(where, kept):
    """Until answers come again: what is in flight when the labelers end would be neither lost nor acknowledged."""
    count = len(kept)
    where.tend_until(lambda: len(kept) > count)


def said(kept, found, moments):
    middle, longest = kept.wait_after(moments)
    return f"{found}; first answer after a strike p50 {middle:.2f} s, max {longest:.2f} s ({len(moments)} strikes)"


@pytest.mark.figure(
    "A1",
    "kill -9 of a web worker, 32 labelers at work",
    "0 lost, wrong, twice, given to two; first answer p50 < 0.5 s, max < 3 s",
)
def test_a_killed_web_worker_loses_nothing(prove, broken_site):
    luck = prove.luck()
    broken_site.web()
    times = prove.count(short=10, full=100)
    kept, moments = under_fire(broken_site, lambda: broken_site.kill_a_web_worker(luck), times, luck)
    found = ledger.audit(broken_site, kept)
    prove.measured(said(kept, found, moments))

    assert found.is_sound, found
    middle, longest = kept.wait_after(moments)
    assert (middle < 0.5, longest < 3.0) == (True, True)

    broken_site.web("tests.prove.harness.planted:early")
    kept, _ = under_fire(broken_site, lambda: broken_site.kill_a_web_worker(luck), 4, luck)
    planted = ledger.audit(broken_site, kept)
    prove.control(f"acknowledged before it is stored: {planted.lost} of {planted.acknowledged} lost")
    assert planted.lost > 0
