"""Table A: a disk that is full under labelers."""

import time
from contextlib import suppress

import psycopg
import pytest

from tests.prove.harness import labelers, ledger, site, volume
from tests.prove.harness.siege import more

BARE = "tests.prove.harness.planted:bare"
MOST_SEGMENTS = 100


@pytest.mark.figure(
    "A11",
    "the disk of the database, its log and all logs full, 32 labelers at work",
    "503 to labelers, never 500; labels go on within 5 s of room; 0 lost, wrong, twice",
)
def test_a_full_disk_under_labelers_loses_nothing(prove, open_folder):
    seconds = prove.count(short=2, full=20)
    with volume.mounted(open_folder, megabytes=500) as disk, site.running(open_folder) as where:
        where.fill(prove.count(short=4_000, full=8_000))
        where.web()
        kept, waited = _while_full(where, disk, seconds)
        found = ledger.audit(where, kept)
        prove.measured(
            f"{kept.count(503)} × 503, {kept.count(500)} × 500, {kept.count(None)} without an answer; labels "
            f"{waited:.1f} s after there was room; {found}"
        )
        assert found.is_sound, found
        assert kept.count(503) > 0
        assert kept.count(500) == 0
        assert waited < 5

        where.web(BARE)
        with labelers.at_work(where, seed=12) as kept:
            more(where, kept, 32)
            disk.fill()
            _use_up_the_log(where)
            where.tend_until(lambda: kept.count(500) > 0)
        prove.control(f"without the handler: {kept.count(500)} × 500")
        assert kept.count(500) > 0


def _while_full(where, disk, seconds):
    """The ledger, and how long after there was room again the first label was stored."""
    with labelers.at_work(where, seed=11, pace=0.5) as kept:
        more(where, kept, 32)
        disk.fill()
        where.tend(seconds)
        disk.fill()
        _use_up_the_log(where)
        where.tend(seconds)
        disk.free()
        freed = time.monotonic()
        more(where, kept, 64)
    return kept, kept.wait_after([freed])[1]


def _use_up_the_log(where):
    """Until the server has no segment left to write and stops, as it must."""
    with suppress(psycopg.Error):
        for _ in range(MOST_SEGMENTS):
            where.rows("SELECT pg_switch_wal() FROM pg_logical_emit_message(true, '', 'a line of the log')")
    assert not where.database_answers()
