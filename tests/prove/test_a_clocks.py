"""Table A: the clocks of web and workers are wrong, and no lease knows it."""

import sys
import time
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.prove.harness import labelers, ledger, site, wrong_clock
from tests.prove.harness.siege import more
from workers.supervisor import COMMANDS

ODD_LEASES = """SELECT count(*) FROM annotation_slot JOIN annotation_project project ON project.id = project_id
    WHERE state = 'leased' AND NOT prefetched
    AND lease_until NOT BETWEEN now() AND now() + make_interval(mins => project.lease_minutes + 1)"""
SWEEPS = "SELECT count(*) FROM annotation_pulse WHERE part = 'schedule'"
HOUR = 3600


@pytest.mark.figure(
    "A12",
    "the clock of the web 2 h ahead, those of worker and schedule 2 h behind, 32 labelers at work",
    "0 lost, twice, given to two; every lease ends when the database says",
)
def test_wrong_clocks_change_no_lease(prove, open_folder):
    seconds = prove.count(short=8, full=120)
    with site.running(open_folder) as where:
        where.fill(prove.count(short=2_000, full=20_000))
        serve(where, web=2, workers=-2)
        ahead = seconds_ahead(where)
        kept, odd = at_work(where, seconds)
        found = ledger.audit(where, kept)
        prove.measured(f"the web {ahead / HOUR:.1f} h ahead; {odd} leases of another length; {found}")
        assert ahead > 1.9 * HOUR
        assert found.is_sound, found
        assert odd == 0
        assert not kept.refusals

        serve(where, web=-2, workers=0, app="tests.prove.harness.planted:own_clock")
        kept, odd = at_work(where, seconds)
        planted = ledger.audit(where, kept)
    prove.control(f"leases by the web's own clock, 2 h behind: {odd} of another length, {planted}")
    assert odd > 0
    assert planted.shared > 0


def serve(where, *, web, workers, app=site.APP):
    where.web(app, **wrong_clock.by(web))
    for name in ("worker", "beat"):
        if name in where.programs._children:
            where.programs.end(name)
        program, *arguments = COMMANDS[name].split()
        where.start(name, str(Path(sys.executable).parent / program), *arguments, **wrong_clock.by(workers))
    where.execute("DELETE FROM annotation_pulse")
    where.tend_until(lambda: where.rows(SWEEPS) != [(0,)])


def seconds_ahead(where):
    with urllib.request.urlopen(f"{where.url}/healthz") as answer:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()


def at_work(where, seconds):
    """The ledger, and how many leases were seen that do not end when they should."""
    with labelers.at_work(where, seed=12, pace=1.0) as kept:
        more(where, kept, 32)
        odd, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            where.tend(0.5)
            odd += where.rows(ODD_LEASES)[0][0]
        more(where, kept, 32)
    return kept, odd
