"""Table A: workers that die or fall silent in a round, and browsers that lose the network, their tab or their life."""

import pytest

from tests.prove.harness import suite

NO_REAPER = "from annotation.services import jobs; jobs.give_back_silent = lambda: []"
NO_FENCE = """
import os
os.environ["PLANTED"] = '''
from annotation.services import jobs
jobs.hold = lambda *, job: None
jobs.heartbeat = lambda *, job, progress: False
jobs.end = lambda *, job, **values: None
'''
"""
SHORT_POINTS = "train and going or storing or chosen or registered"


@pytest.mark.figure(
    "A6", "kill -9 of a Celery worker at named points of a round", "the next one ends it: one model, one set of slots"
)
def test_a_killed_worker_leaves_no_round_behind(prove):
    chosen = prove.count(short=["-k", SHORT_POINTS], full=[])
    found = suite.run("-m", "services", "tests/workers/test_kill_points.py", *chosen)
    prove.measured(f"{found} ({found.tests} points)")
    assert (found.passed, found.failed) == (found.tests, ())
    assert found.passed >= prove.count(short=4, full=14)

    planted = suite.run("-m", "services", "tests/workers/test_kill_points.py", "-k", "chosen", planted=NO_REAPER)
    prove.control(f"nobody looks for silent workers: {len(planted.failed)} of {planted.tests} fail")
    assert planted.failed


@pytest.mark.figure("A7", "a worker that is stopped and wakes up (SIGSTOP, SIGCONT)", "it publishes nothing")
def test_a_worker_that_wakes_up_too_late_publishes_nothing(prove):
    found = suite.run("-m", "proof", "tests/workers/test_stopped.py", "tests/workers/test_liveness.py")
    prove.measured(str(found))
    assert (found.passed, found.failed) == (2, ())

    planted = suite.run("-m", "proof", "tests/workers/test_stopped.py", planted=NO_FENCE)
    prove.control(f"without the fence: {len(planted.failed)} of {planted.tests} fail")
    assert planted.failed


@pytest.mark.figure(
    "A16",
    "browser: a minute offline, tab or browser killed, 500s, session over, two tabs, full disk",
    "every key press is in the database once",
)
def test_whatever_happens_to_the_browser_every_label_arrives(prove):
    found = suite.run("-m", "browser", "tests/browser/test_faults.py")
    if not found.tests:
        pytest.skip("no chromium here")
    prove.measured(str(found))
    assert found.failed == ()
