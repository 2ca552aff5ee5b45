"""What labelers wait for while many work (reliability of the path of a label under load)."""

from contextlib import contextmanager

import pytest

from tests.benchmarks import label_site
from tests.benchmarks.label_site import percentile

LABELERS, PAUSE = 32, 2.0
P99_MS = 100
# Wanted are 200 labels/s; docs/benchmarks.md says where a label's time goes. What a machine makes of it stands in proportion to
# what the smallest view does on it: it takes a fifth to a quarter of that, and below this something was lost.
OF_A_MINIMAL_VIEW = 0.15

SLOW_AND_UNSURE = """
CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < 0.1 THEN RAISE EXCEPTION 'planted'; END IF;
    PERFORM pg_sleep(%s);
    RETURN NEW;
END $$;
CREATE TRIGGER planted BEFORE INSERT ON annotation_label FOR EACH ROW EXECUTE FUNCTION planted()"""


@pytest.fixture
def ground(tmp_path):
    for above in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        above.chmod(0o711)  # as root PostgreSQL runs as another user, who has to pass through
    with label_site.ground(tmp_path / "site", labelers=LABELERS, slots=10_000) as made:
        yield made


@pytest.mark.figure("E1", "32 labelers, a label every 2 s each", "claim and submit p99 < 100 ms, no error")
def test_labelers_do_not_wait_for_each_other(ground, prove):
    seconds = prove.count(short=30, full=120)
    with ground.ours() as web:
        warm(web)
        found = label_site.load("ours", web, labelers=LABELERS, seconds=seconds, pause=PAUSE)
        with planted(ground, seconds=0.15):
            faulty = label_site.load("ours", web, labelers=LABELERS, seconds=6, pause=PAUSE)
    p99 = percentile(found.done + found.claims, 0.99)
    prove.measured(
        f"{len(found.done)} labels: p50 {found.percentile(0.5):.0f}, p99 {p99:.0f} ms, {len(found.errors)} errors"
    )
    prove.control(
        f"a database that is slow and fails: p99 {faulty.percentile(0.99):.0f} ms, {len(faulty.errors)} errors"
    )
    assert faulty.percentile(0.99) >= P99_MS
    assert faulty.errors
    assert len(found.done) >= LABELERS * (seconds / PAUSE - 2)
    assert found.errors == []
    assert p99 < P99_MS


@pytest.mark.figure(
    "E1.1",
    "32 labelers as fast as they can; 200 labels/s are wanted",
    f"at least {OF_A_MINIMAL_VIEW:.0%} of the rows/s of the smallest view, in the same run; no error",
)
def test_labelers_in_a_hurry_get_this_much_done(ground, prove):
    seconds = prove.count(short=5, full=30)
    with ground.ours() as web, ground.minimal() as smallest:
        warm(web)
        label_site.load("minimal", smallest, labelers=LABELERS, seconds=3)
        rows = label_site.load("minimal", smallest, labelers=LABELERS, seconds=seconds)
        most = label_site.load("ours", web, labelers=LABELERS, seconds=seconds)
        # As slow as must be noticed on this machine: half of what is asked for, however fast all else is.
        with planted(ground, seconds=2 * LABELERS / (OF_A_MINIMAL_VIEW * rows.rate)):
            faulty = label_site.load("ours", web, labelers=LABELERS, seconds=5)
    prove.measured(
        f"{most.rate:.0f} labels/s, {len(most.errors)} errors, {most.rate / rows.rate:.0%} of {rows.rate:.0f} rows/s; for each "
        f"label {most.web_ms:.1f} ms of the web, {most.database_ms:.1f} of PostgreSQL"
    )
    prove.control(f"a database that is slow and fails: {faulty.rate:.0f} labels/s, {faulty.rate / rows.rate:.0%}")
    assert faulty.rate / rows.rate < OF_A_MINIMAL_VIEW
    assert most.errors == []
    assert most.rate / rows.rate >= OF_A_MINIMAL_VIEW


def warm(web):
    """The first requests of a process load what the others find, and plan the statements of their connections."""
    label_site.load("ours", web, labelers=LABELERS, seconds=3)


@contextmanager
def planted(ground, *, seconds):
    with ground.connect() as connection:
        connection.execute(SLOW_AND_UNSURE % seconds)
        yield
        connection.execute("DROP FUNCTION planted CASCADE")
