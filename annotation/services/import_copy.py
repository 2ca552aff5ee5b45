"""Many solutions into the database at once: by COPY into a table of this transaction, and from there where new."""

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
MAKE = f"""
    CREATE TEMPORARY TABLE IF NOT EXISTS incoming_solution (
        place serial, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}
    ) ON COMMIT DROP
"""
COPY = f"COPY incoming_solution ({NAMES}) FROM STDIN (FORMAT BINARY)"
# In the order of the file: whoever reads by id reads in it. One that is there and not of this import stays as it is.
MOVE = f"""
    INSERT INTO annotation_solution AS there (project_id, {NAMES})
    SELECT %s, {NAMES} FROM incoming_solution ORDER BY place
    ON CONFLICT (problem_id, content_hash) DO UPDATE SET count = there.count + excluded.count
    WHERE there.id > %s
    RETURNING problem_id, content_hash, xmax = 0
"""


def copy_solutions(project: Project, rows: Sequence[Row], *, last_before: int) -> tuple[set[Key], set[Key]]:
    """Inside a transaction: add those that are new, raise the counts of those that have an id above `last_before`.

    No two of them may have the same key. Returns the keys of what was made, and of what was counted.
    """
    if not rows:
        return set(), set()
    with connection.cursor() as cursor:
        cursor.execute(MAKE)
        cursor.execute("TRUNCATE incoming_solution")
        with cursor.copy(COPY) as copy:
            copy.set_types([*COLUMNS.values()])
            for row in rows:
                copy.write_row(row)
        cursor.execute(MOVE, [project.pk, last_before])
        made: set[Key] = set()
        folded: set[Key] = set()
        for problem, content, is_new in cursor.fetchall():
            (made if is_new else folded).add((problem, bytes(content)))
    return made, folded
