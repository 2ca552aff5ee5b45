"""Table B: faults of one line, planted in a copy of the code; the test that is there for each has to notice."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.prove.harness import suite
from tests.prove.mutants import MUTANTS

SHORT = 5  # the quickest stand first
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "node_modules", "var", "__pycache__", ".*_cache", "images")


@pytest.mark.figure("B5", "faults of one line, each planted alone", "the named test notices each")
def test_every_planted_fault_is_noticed_by_its_test(prove, open_folder):
    chosen = MUTANTS[: prove.count(short=SHORT, full=len(MUTANTS))]
    with ThreadPoolExecutor(2) as both:
        told = dict(zip(chosen, both.map(lambda one: noticed(one, open_folder), chosen), strict=True))
    alive = [one.fault for one in chosen if not told[one].failed]
    prove.measured(f"{len(chosen) - len(alive)} of {len(chosen)} noticed" + (f"; not: {alive}" if alive else ""))
    assert not alive

    whole = suite.run(f"{chosen[0].tests}::{chosen[0].name}")
    prove.control(f"the code as it is: {whole}")
    assert whole.passed
    assert not whole.failed


def noticed(mutant, folder):
    """What the test says of a copy of the code in which the fault stands. A line that is not there once is an error."""
    copy = folder / str(MUTANTS.index(mutant))
    shutil.copytree(suite.ROOT, copy, ignore=LEFT_OUT)
    (copy / "labeling_ui" / "node_modules").symlink_to(suite.ROOT / "labeling_ui" / "node_modules")
    file = copy / mutant.file
    text = file.read_text()
    assert text.count(mutant.line) == 1, f"{mutant.file} does not hold this once: {mutant.line}"
    file.write_text(text.replace(mutant.line, mutant.planted))
    found = suite.run(mutant.tests, "-k", mutant.name, where=copy)
    assert found.tests, f"no test {mutant.name} in {mutant.tests}"
    return found
