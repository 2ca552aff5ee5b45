"""E2: what hours of labeling leave in the memory of the web, in PostgreSQL's connections and in its tables."""

import statistics
import threading
import time
from dataclasses import dataclass

import psutil
import pytest

from tests.prove.harness import labelers, ledger

PACE_SECONDS = 6.0  # from one label of a labeler to their next: a tenth of what people take
LOOK_SECONDS = 2.0
WARM_UP = 0.25  # of the time: code is loaded, connections are opened, tables find their size
MB_PER_HOUR, MOST_DEAD = 1.0, 0.2
MB = 1 << 20
KEEPING = "tests.prove.harness.planted:keeping"

CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'stepmark' AND pid <> pg_backend_pid()"
DEAD = """SELECT relname, n_dead_tup::float / greatest(n_live_tup + n_dead_tup, 1) FROM pg_stat_user_tables
    WHERE relname IN ('annotation_slot', 'annotation_lease', 'django_session') ORDER BY relname"""


@dataclass(frozen=True)
class Look:
    hours: float
    web: float  # MB of its workers
    pids: frozenset[int]
    connections: int


class Watch(threading.Thread):
    """Looks at the site again and again, beside whoever keeps it running."""

    def __init__(self, where):
        super().__init__(daemon=True)
        self._where, self._ending = where, threading.Event()
        self.looks = []

    def run(self):
        began = time.monotonic()
        while not self._ending.wait(LOOK_SECONDS):
            workers = psutil.Process(self._where.programs.pid("web")).children()
            memory = sum(one.memory_info().rss for one in workers) / MB
            ((connections,),) = self._where.rows(CONNECTIONS)
            hours = (time.monotonic() - began) / 3600
            self.looks.append(Look(hours, memory, frozenset(one.pid for one in workers), connections))

    def end(self):
        self._ending.set()
        self.join()
        return Soak(self.looks[int(WARM_UP * len(self.looks)) :])


@dataclass(frozen=True)
class Soak:
    """What was seen once it was warm."""

    looks: list[Look]

    @property
    def slope(self):
        """MB in an hour."""
        return statistics.linear_regression([one.hours for one in self.looks], [one.web for one in self.looks]).slope

    @property
    def connections(self):
        """The most in the first half, and in the second."""
        counts, middle = [one.connections for one in self.looks], len(self.looks) // 2
        return max(counts[:middle]), max(counts[middle:])

    @property
    def has_one_web(self):
        return len({one.pids for one in self.looks}) == 1


def soaked(where, seconds, pace):
    watch = Watch(where)
    with labelers.at_work(where, pace=pace) as kept:
        watch.start()
        where.tend(seconds)
        found = watch.end()
    return found, kept


@pytest.mark.figure(
    "E2",
    "32 labelers, a label every 6 s each, for 2 hours (short counts: a minute)",
    "0 lost, connections flat, no worker of the web replaced; in 2 hours also: memory < 1 MB/h, dead rows < 20 %",
)
def test_hours_of_labeling_leave_nothing_behind(prove, broken_site):
    seconds = prove.count(short=60, full=2 * 60 * 60)
    broken_site.fill(int(1.2 * len(broken_site.cookies) * seconds / PACE_SECONDS))
    broken_site.web()
    found, kept = soaked(broken_site, seconds, PACE_SECONDS)
    audit = ledger.audit(broken_site, kept)
    dead = dict(broken_site.rows(DEAD))
    first, last = found.connections
    told = ", ".join(f"{table.partition('_')[2]} {share:.0%}" for table, share in dead.items())
    prove.measured(
        f"{audit}; connections {first} and {last} at most in each half; memory {found.slope:+.1f} MB/h of "
        f"{found.looks[-1].web:.0f} MB; dead rows: {told}{'' if prove.full else ' (a minute says nothing of these two)'}"
    )
    assert audit.is_sound, audit
    assert len(kept) > 0.7 * len(broken_site.cookies) * seconds / PACE_SECONDS
    assert last <= first
    assert found.has_one_web
    if prove.full:
        assert found.slope < MB_PER_HOUR
        assert max(dead.values()) < MOST_DEAD

    broken_site.web(KEEPING)
    planted, _ = soaked(broken_site, 20, 0.3)
    prove.control(f"a web that keeps 64 kB of each request: {planted.slope:+,.0f} MB/h")
    assert planted.slope > 100 * MB_PER_HOUR + 3 * abs(found.slope)
