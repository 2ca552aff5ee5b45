"""How the statements on the path of a label are run: written out, and planned once for each connection.

Built by the ORM and planned anew, the twenty of one label took the processor longer than all else together
(docs/benchmarks.md, "The path of a label"). Elsewhere the ORM is quick enough, and shorter.
"""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model
from psycopg import Cursor

M = TypeVar("M", bound=Model)


def rows(sql: str, values: Mapping[str, Any]) -> list[Any]:
    """What the statement returns. It is prepared once it has been used a few times (settings: prepare_threshold)."""
    with connection.cursor() as plain, _binding_cursor(plain) as bare, _without_wrappers():
        cursor = connection.make_debug_cursor(bare) if connection.queries_logged else connection.make_cursor(bare)
        cursor.execute(sql, values)
        found: list[Any] = cursor.fetchall()
        return found


def _binding_cursor(plain: Any) -> Any:
    """One that leaves the values to PostgreSQL, apart from the text, as Django's cursors do not."""
    return Cursor(plain.connection)


@contextmanager
def _without_wrappers() -> Any:
    # pghistory puts a second statement before what writes, and two cannot be prepared as one. It is for the tables whose
    # history is kept, which none on this path is; a test knows which those are.
    held, connection.execute_wrappers = connection.execute_wrappers, []
    try:
        yield
    finally:
        connection.execute_wrappers = held


def columns(model: type[Model], alias: str, names: Sequence[str] = ()) -> str:
    """The columns of a table, or only these, for `made` to make a row of; the others are asked for when they are used."""
    return ", ".join(f"{alias}.{column}" for column in _fields(model, names).values())


def made(model: type[M], values: Sequence[Any], names: Sequence[str] = ()) -> M:
    return model.from_db(connection.alias, list(_fields(model, names)), values)


def width(model: type[Model], names: Sequence[str] = ()) -> int:
    return len(_fields(model, names))


def _fields(model: type[Model], names: Sequence[str]) -> dict[str, str]:
    fields = model._meta.concrete_fields
    return {one.attname: str(one.column) for one in fields if not names or one.attname in names}
