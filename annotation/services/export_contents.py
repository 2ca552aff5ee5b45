"""What an export was made from, line by line, so that it can be made again to the byte (docs/decisions/0016).

`contents.jsonl.gz` holds, in the order of the export, an array for each label: its id and the grade of its answer; and
before the first label of a problem an object with what the problem said then. All else that a line is made from never
changes.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from annotation.services.export_rows import Row
from annotation.services.export_rows import fetch as fetch_rows
from annotation.services.refusal import Refusal

NAME = "contents.jsonl.gz"
BATCH = 500  # labels


class ContentsGone(Refusal):
    """This dataset cannot be made again: the list of what it was made from, contents.jsonl.gz in its folder, is not there or
    is damaged. Ask for a new one."""


class Piece(Protocol):
    """A label's row or a sample; what it says of its problem and its grade may change later."""

    problem: int
    answer: str | None
    split: str
    grade: str

    @property
    def id(self) -> Any: ...


P = TypeVar("P", bound=Piece)


class Contents:
    """Writes down what goes by."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._told: set[int] = set()  # problems

    def add(self, piece: Piece) -> None:
        if piece.problem not in self._told:
            self._told.add(piece.problem)
            self._write({"problem": piece.problem, "answer": piece.answer, "split": piece.split})
        self._write([piece.id, piece.grade])

    def _write(self, value: Any) -> None:
        self._file.write(json.dumps(value).encode() + b"\n")


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of an earlier export in its order, as they were then. Raises ContentsGone."""
    yield from as_they_were(path, fetch_rows)


def as_they_were(path: Path, fetch: Callable[[Sequence[Any]], list[P]]) -> Iterator[P]:
    """What these contents name, fetched in batches and set back to what it was. Raises ContentsGone."""
    problems: dict[int, dict[str, Any]] = {}
    named = _named(_read(path), problems)
    while batch := list(islice(named, BATCH)):
        pieces = fetch([one for one, _ in batch])
        if len(pieces) != len(batch):
            raise ContentsGone("Labels of this dataset are not in the database any more; it cannot be made again.")
        for piece, (_, grade) in zip(pieces, batch, strict=True):
            then = problems[piece.problem]
            piece.answer, piece.split, piece.grade = then["answer"], then["split"], grade
            yield piece


def _named(lines: Iterable[Any], problems: dict[int, dict[str, Any]]) -> Iterator[tuple[Any, str]]:
    for line in lines:
        if isinstance(line, dict):
            problems[line["problem"]] = line
        else:
            one, grade = line
            yield one, grade


def _read(path: Path) -> Iterator[Any]:
    try:
        with gzip.open(path, "rb") as lines:
            yield from map(json.loads, lines)
    except (FileNotFoundError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise ContentsGone from error
