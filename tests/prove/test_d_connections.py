"""D8: connections that want nothing, and bodies without an end, against the web as it runs in production."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import repeat

import psutil
import pytest

from tests.prove.harness import labelers, ledger, site
from tests.prove.harness.crowd import MB, Crowd, kept, posted, silent, slow
from tests.prove.harness.siege import more
from workers.supervisor import COMMANDS

CROWDS = ((32, slow), (32, kept), (300, silent))
BODY, POSTS = 100 * MB, 4
LONGEST_SECONDS = 5


def web_memory(where):
    master = psutil.Process(where.programs.pid("web"))
    return sum(one.memory_info().rss for one in master.children(recursive=True))


def crowded(where, seconds):
    """The ledger of labelers who work beside the crowds, and how many connections there were."""
    with labelers.at_work(where, seed=8) as entries:
        more(where, entries, 32)
        with ExitStack() as stack:
            there = [stack.enter_context(Crowd(where.url, count, say).there()) for count, say in CROWDS]
            before = len(entries)
            where.tend(seconds)
            labels = len(entries) - before
        more(where, entries, 32)
    return entries, labels, sum(one.made for one in there)


def flooded(where):
    """Status of each large body, the most of one that was taken, and how much larger the web has become."""
    before = web_memory(where)
    with ThreadPoolExecutor(POSTS) as pool:
        answers = list(pool.map(posted, repeat(where.url), where.cookies[:POSTS], repeat(BODY)))
    return [status for status, _ in answers], max(sent for _, sent in answers), web_memory(where) - before


@pytest.fixture
def where(open_folder, prove):
    with site.running(open_folder) as running:
        running.fill(prove.count(short=3_000, full=12_000), labelers=16)
        yield running


@pytest.mark.figure(
    "D8",
    "32 slow heads, 32 idle keep-alives, 300 silent connections, bodies of 100 MB, without a proxy",
    "labels go on, none waits 5 s, 0 lost; the bodies 400 or 413 before they are kept",
)
def test_d8_who_wants_nothing_keeps_nobody_waiting(prove, where, monkeypatch):
    seconds = prove.count(short=8, full=60)
    where.web()
    entries, labels, made = crowded(where, seconds)
    found = ledger.audit(where, entries)
    statuses, most, grown = flooded(where)
    prove.measured(
        f"{labels} labels beside {made} connections in {seconds} s, longest {entries.longest:.1f} s; {found}; {POSTS} bodies: "
        f"{statuses}, at most {most / MB:.1f} MB of one sent, the web +{grown / MB:.0f} MB"
    )
    assert found.is_sound, found
    assert labels > 0
    assert entries.longest < LONGEST_SECONDS
    assert set(statuses) <= {400, 413}
    assert grown < BODY / 2

    threads = COMMANDS["web"].replace("labeling_ui.threads.Threads", "gthread")
    monkeypatch.setitem(COMMANDS, "web", threads)
    where.web()
    entries, labels, _ = crowded(where, 8)
    prove.control(f"gunicorn's own threads: {labels} labels in 8 s, longest {entries.longest:.1f} s")
    assert entries.longest > LONGEST_SECONDS
