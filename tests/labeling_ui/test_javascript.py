import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
JS = "labeling_ui/static/labeling_ui/js"
# Functions from state and event to state: what the labeling page decides. Each has a test file of its own.
PURE = [
    "break_clock",
    "dialogue_state",
    "drafts",
    "error_state",
    "keymap",
    "label_state",
    "practice_state",
    "seen",
    "supply",
]


def node():
    """The node of the system, or the one that set-up put beside Python where there is none."""
    found = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("The scripts of the labeling page were not tested: no node here, and this is CI.")
    if found is None:
        pytest.skip("The scripts of the labeling page were not tested: no node here.")
    return found


def run_node(*arguments):
    return subprocess.run([node(), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_the_scripts_of_the_labeling_page_pass_their_own_tests():
    files = sorted(str(path) for path in HERE.glob("*.test.mjs"))

    run = run_node("--test", *files)

    assert run.returncode == 0, run.stdout[-5000:]
    assert int(re.search(r"^\S+ pass (\d+)$", run.stdout, re.MULTILINE)[1]) >= 402


def test_every_branch_of_what_the_labeling_page_decides_is_tested(tmp_path):
    if run_node("-e", "import('node:test/reporters').then(({ lcov }) => process.exit(lcov ? 0 : 1))").returncode:
        pytest.skip("The branches of the labeling page's scripts were not counted: this node is too old for it.")
    report = tmp_path / "coverage.lcov"
    files = [str(HERE / f"{name}.test.mjs") for name in PURE]
    reporter = ["--test-reporter=lcov", f"--test-reporter-destination={report}"]

    run = run_node("--test", "--experimental-test-coverage", *reporter, *files)

    assert run.returncode == 0, run.stderr[-5000:]
    untested = untested_lines(report.read_text())
    assert {name: untested.get(f"{JS}/{name}.js", "not loaded") for name in PURE} == {name: [] for name in PURE}


def untested_lines(lcov):
    """For each file the lines at which a function or a branch begins that no test walked through.

    A function that is never called hides its branches, so both are looked at.
    """
    files = {}
    for record in lcov.split("end_of_record"):
        path = re.search(r"^SF:(.+)$", record, re.MULTILINE)
        starts = re.findall(r"^FN:(\d+),(.+)$", record, re.MULTILINE)
        idle = set(re.findall(r"^FNDA:0,(.+)$", record, re.MULTILINE))
        functions = {int(line) for line, name in starts if name in idle}
        branches = {int(line) for line in re.findall(r"^BRDA:(\d+),\d+,\d+,(?:0|-)$", record, re.MULTILINE)}
        if path:
            files[path[1]] = sorted(functions | branches)
    return files
