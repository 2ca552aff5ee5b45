"""Table A: the version before goes on serving while the migrations of this one run."""

import threading
import time

import psycopg
import pytest

from tests.prove.harness import labelers, ledger, previous, site
from tests.prove.harness.siege import more

MOST_SECONDS = 2.5
QUIET_SECONDS = 5.0


@pytest.mark.figure(
    "A14",
    "the migrations of this version while an earlier one serves 32 labelers",
    "0 requests fail, none takes 2.5 s; 0 lost, wrong, twice",
)
def test_migrations_under_load_fail_no_request(prove, open_folder):
    code = previous.checked_out(previous.EARLIER, open_folder / "code")
    with site.running(open_folder / "site", code=code) as where:
        where.fill(prove.count(short=3_000, full=12_000))
        where.web()
        quiet = _at_work_while(where, lambda: where.tend(QUIET_SECONDS))
        where.code = previous.ROOT
        kept = _at_work_while(where, lambda: where.run("manage.py", "migrate", "--noinput"))
        found = ledger.audit(where, kept)
        prove.measured(
            f"{kept.failures()} of {kept.requests():,} requests failed, the longest took {kept.longest:.2f} s, without "
            f"migrations {quiet.longest:.2f} s; {found}"
        )
        assert found.is_sound, found
        assert kept.failures() == 0
        assert kept.longest < MOST_SECONDS

        kept = _at_work_while(where, lambda: _change_behind_a_long_read(where))
        prove.control(f"a table changed behind a long read, with no limit: the longest took {kept.longest:.2f} s")
        assert kept.longest > MOST_SECONDS


def _at_work_while(where, act):
    with labelers.at_work(where, seed=14, pace=1.0) as kept:
        more(where, kept, 64)
        act()
        more(where, kept, 64)
    return kept


def _change_behind_a_long_read(where):
    change = threading.Thread(target=where.execute, args=["ALTER TABLE annotation_slot ADD COLUMN planted integer"])
    with psycopg.connect(where.database_url) as reader:
        reader.execute("SELECT count(*) FROM annotation_slot")
        change.start()
        time.sleep(2 * MOST_SECONDS)
    change.join()
