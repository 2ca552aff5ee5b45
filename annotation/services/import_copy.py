"""Many solutions into the database at once: those that are there are counted, the others come in by COPY."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from annotation.models import Project

Key = tuple[int, bytes]  # problem id, hash of the steps


class Row(NamedTuple):
    """A solution as it is copied; an object of the database layer takes ten times as long to make."""

    problem_id: int
    batch_id: int | None
    content_hash: bytes
    steps: list[str]
    answer: str | None
    grade: str
    grader_version: str
    complete: bool
    times: int
    generator: str
    seed: int | None
    temperature: float | None
    imported_score: float | None


# Column and type, in the order of a row.
COLUMNS = {
    "problem_id": "int8",
    "batch_id": "int8",
    "content_hash": "bytea",
    "steps": "text[]",
    "answer": "text",
    "grade": "text",
    "grader_version": "text",
    "complete": "bool",
    "count": "int4",
    "generator": "text",
    "seed": "int8",
    "temperature": "float8",
    "imported_score": "float8",
}
NAMES = ", ".join(COLUMNS)
COPY = f"COPY annotation_solution (project_id, {NAMES}) FROM STDIN (FORMAT BINARY)"
THERE = """
    SELECT id, problem_id, content_hash FROM annotation_solution
    JOIN unnest(%s::bigint[], %s::bytea[]) AS wanted (problem_id, content_hash) USING (problem_id, content_hash)
"""
COUNT = """
    UPDATE annotation_solution AS there SET count = there.count + again.times
    FROM unnest(%s::bigint[], %s::int[]) AS again (id, times) WHERE there.id = again.id
"""


def copy_solutions(project: Project, rows: Sequence[Row], *, last_before: int) -> tuple[set[Key], set[Key]]:
    """Inside a transaction: add those that are new, raise the counts of those that have an id above `last_before`.

    No two of them may have the same key. Between the look and the copy nobody adds the same ones: solutions come in by
    imports alone, of which a project has one at a time. Returns the keys of what was made, and of what was counted.
    """
    if not rows:
        return set(), set()
    by_key = {(row.problem_id, row.content_hash): row for row in rows}
    with connection.cursor() as cursor:
        cursor.execute(THERE, [[problem for problem, _ in by_key], [content for _, content in by_key]])
        there = {(problem, bytes(content)): pk for pk, problem, content in cursor.fetchall()}
        folded = {key: pk for key, pk in there.items() if pk > last_before}
        if folded:
            cursor.execute(COUNT, [[*folded.values()], [by_key[key].times for key in folded]])
        # In the order of the file: whoever reads by id reads in it.
        with cursor.copy(COPY) as copy:
            copy.set_types(["int8", *COLUMNS.values()])
            for key, row in by_key.items():
                if key not in there:
                    copy.write_row((project.pk, *row))
    return by_key.keys() - there.keys(), set(folded)
