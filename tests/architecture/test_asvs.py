"""docs/asvs.md names tests that there are, for every item that it is to have."""

import ast
import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.access import matrix
from tests.architecture.test_budgets import ROOT

TEXT = (ROOT / "docs" / "asvs.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
ROWS = [line.split("|")[1:-1] for line in TEXT.splitlines() if re.match(r"\| \d", line)]
WANTED = re.findall(
    r"\S+",
    "1.2.8 1.2.10 1.3.6 1.5.2 2.1.1 2.3.1 2.3.3 2.3.4 2.4.1 2.4.2 3.2.1 3.2.2 3.3.1 3.3.4 3.4.1 3.4.2 3.4.3 3.4.7 3.4.8 "
    "3.5.1 3.5.2 3.5.3 5.1.1 5.2.1 5.2.2 5.2.3 5.2.4 5.3.2 5.4.1 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.9 6.2.10 "
    "6.2.11 6.2.12 6.3.2 6.3.3 6.4.1 6.5.1 6.5.2 6.5.5 7.1.1 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.5.1 7.5.2 8.2.1 8.2.2 "
    "8.2.3 8.3.2 8.4.1 13.2.2 13.2.3 13.3.1 13.4.1 13.4.2 13.4.3 13.4.4 13.4.5 15.1.2 15.2.1 15.3.1 15.3.3 15.3.4 15.4.2 "
    "16.3.1 16.3.2 16.3.3 16.4.1 16.5.1 16.5.3",
)


def items(cell):
    return set(re.findall(r"\d+\.\d+\.[\dx]+", cell))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_is_named_exists(file, name):
    tree = ast.parse((ROOT / file).read_text())

    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_item_has_a_row_and_every_row_a_proof_or_a_reason():
    told = set().union(*(items(row[0]) for row in ROWS))

    assert len(NAMED) > 60
    assert [one for one in WANTED if one not in told] == []
    assert [row for row in ROWS if len(row) != 3 or not row[2].strip()] == []


@pytest.mark.parametrize("name", [name for name, row in matrix.PAGES.items() if matrix.ANYBODY in row.values()])
def test_trace_is_not_answered(name, db):
    kwargs = {"secret": "x"} if name == "invitation" else {}

    assert Client().generic("TRACE", reverse(name, kwargs=kwargs)).status_code == 405
