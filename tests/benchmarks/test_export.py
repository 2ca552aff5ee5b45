"""How fast a million labels are exported, and in how little memory: `make bench ARGS="tests/benchmarks/test_export.py -s"`.

Making the million takes minutes (tests/benchmarks/million.py). Both sides of the comparison run in turn in one process on the
same rows; medians are compared (tests/benchmarks/exporting.py says what the other side is).
"""

import pytest

from tests import factories
from tests.benchmarks import exporting, million

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]

MOST_MIB = 200
MOST_SECONDS = 1.0
LEAST_RATIO = 0.5


@pytest.fixture
def large(transactional_db):
    project = factories.project(slug="million", name="A million labels")
    million.fill(project)
    return project


def test_m3_an_export_of_a_million_labels_is_quick_and_small(large, tmp_path):
    sides = exporting.compare(large, tmp_path)
    whole = exporting.whole(large, tmp_path / "whole")
    packed = exporting.whole(large, tmp_path / "packed", gzip=True)

    print("", sides, whole, packed, sep="\n")
    assert max(whole["grown, MiB"], packed["grown, MiB"]) < MOST_MIB
    assert sorted(sides["first line, s"])[len(sides["first line, s"]) // 2] < MOST_SECONDS
    assert sides["ratio of medians"] >= LEAST_RATIO
