"""E5: what the default tests reach."""

import copy
import json
import subprocess

import pytest

from tests import covered
from tests.prove import figures
from tests.prove.harness import suite

REPORT = covered.KEPT.with_name("report.json")
UNTESTED = "annotation/services/labeling.py"


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
