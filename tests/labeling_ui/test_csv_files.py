"""Tables to download (N3): no cell of them is a formula."""

import csv
from datetime import UTC, date, datetime

import pytest

from labeling_ui.csv_files import csv_lines, csv_response


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(1)"])
def test_n3_text_that_begins_like_a_formula_stands_behind_an_apostrophe(text):
    assert [*csv.reader(csv_lines([text], [[text]]))] == [[f"'{text}"], [f"'{text}"]]


def test_n3_numbers_times_and_nothing_are_written_for_programs():
    cells = [-1, 0.25, None, True, date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), 'a "b", c;=1']

    assert [*csv_lines(["a"], [cells])][1] == (
        '-1,0.25,"","true","2026-01-02","2026-01-02T03:00:00+00:00","a ""b"", c;=1"\r\n'
    )


def test_n3_a_table_is_sent_row_by_row_as_a_file_to_be_saved():
    asked = []

    def rows():
        for number in range(3):
            asked.append(number)
            yield [number]

    answer = csv_response("table.csv", ["number"], rows())

    assert asked == []
    assert b"".join(answer.streaming_content) == b'"number"\r\n0\r\n1\r\n2\r\n'
    assert answer["Content-Disposition"] == 'attachment; filename="table.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
