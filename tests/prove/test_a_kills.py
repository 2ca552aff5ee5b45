"""Table A: what is killed while 32 labelers work, and what they were promised."""

from contextlib import contextmanager

import pytest

from tests.prove.harness import labelers, ledger
from tests.prove.harness.siege import more, said, under_fire

EARLY = "tests.prove.harness.planted:early"


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
    assert kept.comes_back_within(moments, middle=0.5, longest=3.0)

    broken_site.web(EARLY)
    kept, _ = under_fire(broken_site, lambda: broken_site.kill_a_web_worker(luck), 4, luck)
    planted = ledger.audit(broken_site, kept)
    prove.control(f"acknowledged before it is stored: {planted.lost} of {planted.acknowledged} lost")
    assert planted.lost > 0


@pytest.mark.figure("A2", "kill -9 of the whole web", "0 lost, wrong, twice, given to two; first answer max < 5 s")
def test_a_killed_web_loses_nothing(prove, broken_site):
    luck = prove.luck()
    broken_site.web()
    times = prove.count(short=10, full=100)
    kept, moments = under_fire(broken_site, broken_site.kill_the_web, times, luck)
    found = ledger.audit(broken_site, kept)
    prove.measured(said(kept, found, moments))
    assert found.is_sound, found
    assert kept.comes_back_within(moments, longest=5.0)

    broken_site.web(EARLY)
    kept, _ = under_fire(broken_site, broken_site.kill_the_web, 2, luck)
    planted = ledger.audit(broken_site, kept)
    prove.control(f"acknowledged before it is stored: {planted.lost} of {planted.acknowledged} lost")
    assert planted.lost > 0


@pytest.mark.figure(
    "A3",
    "pg_terminate_backend of three connections",
    "0 lost, wrong, twice, given to two; first answer max < 2 s; every failure says 503, none 500",
)
def test_ended_connections_are_503_and_lose_nothing(prove, broken_site):
    luck = prove.luck()
    broken_site.web()
    times = prove.count(short=10, full=100)
    kept, moments = under_fire(broken_site, lambda: broken_site.end_connections(luck), times, luck)
    found = ledger.audit(broken_site, kept)
    prove.measured(f"{said(kept, found, moments)}; {kept.count(503)} answers 503, {kept.count(500)} answers 500")
    assert found.is_sound, found
    assert kept.count(500) == 0
    assert kept.comes_back_within(moments, longest=2.0)

    broken_site.web("tests.prove.harness.planted:bare")
    kept, _ = under_fire(broken_site, lambda: broken_site.end_connections(luck, most=16), times, luck)
    prove.control(f"without the handler: {kept.count(500)} answers 500")
    assert kept.count(500) > 0


@pytest.mark.figure(
    "A4",
    "kill -9 of PostgreSQL and all its backends",
    "0 lost, wrong, twice, given to two; first answer p50 < 8 s, max < 20 s",
)
def test_a_killed_database_loses_nothing(prove, broken_site):
    luck = prove.luck()
    broken_site.web()
    times, back = prove.count(short=5, full=100), broken_site.database_answers
    kept, moments = under_fire(broken_site, broken_site.kill_the_database, times, luck, recovered=back)
    found = ledger.audit(broken_site, kept)
    prove.measured(said(kept, found, moments))
    assert found.is_sound, found
    assert kept.comes_back_within(moments, middle=8.0, longest=20.0)

    with forgetful(broken_site):
        kept, _ = under_fire(broken_site, broken_site.kill_the_database, 3, luck, recovered=back)
        planted = ledger.audit(broken_site, kept)
    prove.control(f"synchronous_commit=off: {planted.lost} of {planted.acknowledged} lost")
    assert planted.lost > 0


@contextmanager
def forgetful(where):
    """Commits are answered before they are on disk."""
    where.execute("ALTER ROLE stepmark SET synchronous_commit = off")
    where.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    where.execute("SELECT pg_reload_conf()")
    where.web()
    try:
        yield
    finally:
        where.execute("ALTER ROLE stepmark RESET synchronous_commit")
        where.execute("ALTER SYSTEM RESET wal_writer_delay")


@pytest.mark.figure(
    "A5", "kill -9 of the broker, and FLUSHALL", "not one request of a labeler fails; the rounds go on (A6)"
)
def test_a_dead_broker_is_not_noticed_by_labelers(prove, broken_site):
    luck = prove.luck()
    broken_site.web()
    broken_site.services.pauses["valkey"] = 1.5
    times = prove.count(short=10, full=100)

    def strike():
        luck.choice([broken_site.kill_the_broker, broken_site.empty_the_broker])()

    kept, _ = under_fire(broken_site, strike, times, luck)
    found = ledger.audit(broken_site, kept)
    prove.measured(f"{kept.failures()} of {kept.requests():,} requests failed in {times} strikes; {found}")
    assert found.is_sound, found
    assert kept.failures() == 0

    broken_site.tend(2.0)  # the last strike may have left it dead, and this site does not come up without it
    broken_site.web("tests.prove.harness.planted:chatty")
    kept, _ = under_fire(broken_site, broken_site.kill_the_broker, 3, luck)
    prove.control(f"a site that asks the broker at each request: {kept.failures()} of {kept.requests():,} failed")
    assert kept.failures() > 0


@pytest.mark.figure(
    "A10",
    "the web reloaded (SIGHUP), then stopped (SIGTERM)",
    "no request fails while it reloads; it stops within 10 s",
)
def test_a_reload_fails_no_request(prove, broken_site):
    luck = prove.luck()
    broken_site.web()
    times = prove.count(short=5, full=20)
    kept, _ = under_fire(broken_site, broken_site.reload_the_web, times, luck)
    found = ledger.audit(broken_site, kept)
    stops = []
    with labelers.at_work(broken_site, seed=1) as stopped:
        for _ in range(prove.count(short=2, full=20)):
            more(broken_site, stopped, 32)
            stops.append(broken_site.stop_the_web())
        more(broken_site, stopped, 32)
    after = ledger.audit(broken_site, stopped)
    prove.measured(
        f"{kept.failures()} of {kept.requests():,} requests failed in {times} reloads; stopped within "
        f"{max(stops):.1f} s; {after}"
    )
    assert found.is_sound, found
    assert after.is_sound, after
    assert kept.failures() == 0
    assert max(stops) < 10

    kept, _ = under_fire(broken_site, broken_site.kill_the_web, 2, luck)
    prove.control(f"killed instead: {kept.failures()} failed")
    assert kept.failures() > 0


@pytest.mark.figure("A13", "everything killed at once and started again", "0 lost, wrong, twice; answers within 30 s")
def test_after_everything_died_everything_is_there(prove, broken_site):
    luck = prove.luck()
    broken_site.web()
    times, back = prove.count(short=3, full=20), broken_site.database_answers
    kept, moments = under_fire(broken_site, broken_site.kill_everything, times, luck, recovered=back)
    found = ledger.audit(broken_site, kept)
    prove.measured(said(kept, found, moments))
    assert found.is_sound, found
    assert kept.comes_back_within(moments, longest=30.0)
