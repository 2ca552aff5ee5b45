"""The faults that `make prove` plants stand where they say: a line that was rewritten since would be noticed only there."""

import pytest

from tests.prove.harness import suite
from tests.prove.mutants import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.fault)
def test_a_planted_fault_has_its_line_once_and_its_test(mutant):
    assert (suite.ROOT / mutant.file).read_text().count(mutant.line) == 1
    assert f"def {mutant.name}" in (suite.ROOT / mutant.tests).read_text()
