"""What `make coverage` says of a report: tests that reach less than before are noticed."""

import json
from dataclasses import replace

import pytest

from tests import covered
from tests.architecture.test_budgets import tracked

REPORT = {
    "files": {
        "annotation/services/labeling.py": {
            "summary": {"num_statements": 6, "num_branches": 2, "covered_lines": 5, "covered_branches": 1}
        },
        "annotation/services/label_rows.py": {
            "summary": {"num_statements": 2, "num_branches": 0, "covered_lines": 1, "covered_branches": 0}
        },
    }
}
LABEL = covered.Part("label", ("annotation/services/label*.py",), 70.0)


@pytest.fixture
def one_part(monkeypatch, tmp_path):
    monkeypatch.setattr(covered, "parts", lambda: [LABEL])
    monkeypatch.setattr(covered, "KEPT", tmp_path / "coverage" / "shares.json")
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT))
    return path


def test_every_pattern_of_a_part_has_a_file():
    missing = [
        one
        for part in covered.parts()
        for one in part.files
        if not any(map(replace(part, files=(one,)).has, tracked()))
    ]
    assert missing == []


def test_statements_and_branches_of_a_parts_files_are_counted_together():
    assert LABEL.share(REPORT) == 70.0


def test_a_part_without_a_file_is_no_share_of_100_percent():
    with pytest.raises(ValueError, match="gone has no file"):
        covered.Part("gone", ("gone.py",), 70.0).share(REPORT)


def test_a_share_at_its_floor_holds_and_is_kept_with_its_commit(one_part):
    assert covered.main(one_part) == 0
    kept = json.loads(covered.KEPT.read_text())
    assert kept["shares"] == {"label": 70.0}
    assert kept["commit"]


def test_a_share_below_its_floor_fails(one_part, monkeypatch, capsys):
    monkeypatch.setattr(covered, "parts", lambda: [replace(LABEL, floor=70.1)])
    assert covered.main(one_part) == 1
    assert "BELOW its floor of 70.1" in capsys.readouterr().out


def test_a_share_well_above_its_floor_asks_for_a_higher_one(one_part, monkeypatch, capsys):
    monkeypatch.setattr(covered, "parts", lambda: [replace(LABEL, floor=60.0)])
    assert covered.main(one_part) == 0
    assert "raise it in tests/coverage.toml" in capsys.readouterr().out
