"""E5 and E6: what the default tests reach, and whether they say the same in every order."""

import copy
import json
import subprocess
from collections import Counter

import pytest

from tests import covered
from tests.prove import figures
from tests.prove.harness import suite

REPORT = covered.KEPT.with_name("report.json")
UNTESTED = "annotation/services/labeling.py"
LEANING = """
made = []
def test_makes_something(): made.append(1)
def test_leans_on_the_other(): assert made
"""


@pytest.mark.figure("E5", "make coverage: statements and branches that the tests reach", "no part below its floor")
def test_the_tests_reach_no_less_than_before(prove):
    found = shares_made_now() if prove.full else shares_of_this_commit()
    below = covered.below(found)
    prove.measured(", ".join(f"{name} {share} %" for name, share in found.items()))
    assert below == []

    report = json.loads(REPORT.read_text())
    planted = covered.below(covered.shares(without_tests_of(UNTESTED, report)))
    prove.control(f"{UNTESTED} reached by no test: {len(planted)} parts below")
    assert planted


def shares_made_now():
    covered.KEPT.unlink(missing_ok=True)
    made = subprocess.run(
        ["make", "coverage"], cwd=figures.ROOT, env=suite.environment(), capture_output=True, text=True, check=False
    )
    assert covered.KEPT.exists(), made.stdout[-3000:] + made.stderr[-1000:]
    return json.loads(covered.KEPT.read_text())["shares"]


def shares_of_this_commit():
    """Skips the test where there are none."""
    kept = json.loads(covered.KEPT.read_text()) if covered.KEPT.exists() else {"commit": ""}
    commit = figures.source()["commit"]
    if kept["commit"] != commit or commit.endswith("-dirty"):
        pytest.skip("no report of this very commit is here: make coverage, or make prove-full")
    return kept["shares"]


def without_tests_of(name, report):
    report = copy.deepcopy(report)
    report["files"][name]["summary"] |= {"covered_lines": 0, "covered_branches": 0}
    return report


@pytest.mark.figure("E6", "the default tests in another order each time, two at once", "0 fail in any of 20 runs")
def test_no_test_leans_on_another(prove, tmp_path):
    if not prove.full:
        pytest.skip("takes hours: make prove-full")
    luck = prove.luck()
    runs = [suite.run("-n", "2", seed=luck.randrange(2**31)) for _ in range(20)]
    failed = Counter(name for run in runs for name in run.failed)
    prove.measured(f"{len(failed)} of {runs[0].tests:,} tests failed at least once: {dict(failed) or 'none'}")
    assert min(run.tests for run in runs) > 1000
    assert not failed

    flaky = tmp_path / "test_planted.py"
    flaky.write_text(LEANING)
    planted = [suite.run(str(flaky), where=tmp_path, seed=seed) for seed in range(20)]
    prove.control(f"a test that leans on another: fails in {sum(bool(one.failed) for one in planted)} of 20")
    assert any(one.failed for one in planted)
