"""The files of an export, each of them opened at its first line: one writer for each kind of format.

`add` returns why a label has no place in the format, or nothing.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Protocol

from annotation.models.labels import ExtensionKind
from annotation.models.snapshots import Format, NeutralAs
from annotation.services.export_files import packed, sha256_of, sync
from annotation.services.export_formats import FORMATS
from annotation.services.export_manifest import ExportedFile, ExtensionsFile, Tally
from annotation.services.export_orders import Order
from annotation.services.export_parquet import ParquetFile
from annotation.services.export_views import Line


class Writer(Protocol):
    def add(self, line: Line) -> str: ...
    def finished(self) -> list[ExportedFile]: ...
    def finished_extensions(self) -> ExtensionsFile | None: ...


def writer_for(order: Order, stack: ExitStack, folder: Path, task: str) -> Writer:
    files = Files(stack, folder, order.gzip)
    match order.format:
        case Format.PRM800K:
            return Prm800kWriter(files)
        case Format.PARQUET:
            return ParquetWriter(stack, folder)
        case _:
            return RowsWriter(files, order.format, order.neutral, task)


class Files:
    """Text files by name, packed or not. They are complete when the stack is closed."""

    def __init__(self, stack: ExitStack, folder: Path, gzip: bool) -> None:
        self._stack, self.folder, self._gzip = stack, folder, gzip
        self._open: dict[str, IO[bytes]] = {}

    def name(self, stem: str) -> str:
        return f"{stem}.jsonl" + (".gz" if self._gzip else "")

    def write(self, name: str, text: str) -> None:
        file = self._open.get(name)
        if file is None:
            raw = self._stack.enter_context((self.folder / name).open("wb", buffering=1 << 18))
            file = self._open[name] = self._stack.enter_context(packed(raw)) if self._gzip else raw
        file.write(text.encode() + b"\n")

    def facts(self, name: str) -> dict[str, Any]:
        return facts(self.folder / name)


class Prm800kWriter:
    """phase{1,2}_{train,test}.jsonl and extensions.jsonl."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._tallies: dict[str, Tally] = {}
        self._extended = 0  # labels

    def add(self, line: Line) -> str:
        row = line.row
        name = self._files.name(f"phase{line.phase}_{row.split}")
        self._files.write(name, line.text)
        tally = self._tallies.setdefault(name, Tally())
        tally.add(line)
        if row.extensions:
            place = {"file": name, "line": tally.lines, "labeler": row.labeler, "timestamp": row.timestamp}
            said = {kind: row.extensions.get(kind) for kind in ExtensionKind.values}
            self._files.write(self._files.name("extensions"), json.dumps(place | said))
            self._extended += 1
        return ""

    def finished(self) -> list[ExportedFile]:
        return _finished(self._tallies, self._files.facts)

    def finished_extensions(self) -> ExtensionsFile | None:
        if not self._extended:
            return None
        return ExtensionsFile(**self._files.facts(self._files.name("extensions")), lines=self._extended)


class RowsWriter:
    """{train,test}.jsonl of a format that knows only good and bad."""

    def __init__(self, files: Files, format: Format, neutral: NeutralAs, task: str) -> None:
        self._files, self._make, self._neutral, self._task = files, FORMATS[format], neutral, task
        self._tallies: dict[str, Tally] = {}

    def add(self, line: Line) -> str:
        name = self._files.name(line.row.split)
        number = self._tallies[name].lines if name in self._tallies else 0
        made = self._make(line, self._neutral, self._task, number)
        if made.rows:
            for row in made.rows:
                self._files.write(name, json.dumps(row))
            self._tallies.setdefault(name, Tally()).add(line, len(made.rows))
        return made.left_out

    def finished(self) -> list[ExportedFile]:
        return _finished(self._tallies, self._files.facts)

    def finished_extensions(self) -> ExtensionsFile | None:
        return None


class ParquetWriter:
    """{train,test}.parquet."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self._open: dict[str, ParquetFile] = {}
        self._tallies: dict[str, Tally] = {}

    def add(self, line: Line) -> str:
        name = f"{line.row.split}.parquet"
        if name not in self._open:
            self._open[name] = ParquetFile(self._folder / name)
            self._stack.callback(self._open[name].close)
        self._open[name].add(line.record)
        self._tallies.setdefault(name, Tally()).add(line)
        return ""

    def finished(self) -> list[ExportedFile]:
        return _finished(self._tallies, lambda name: facts(self._folder / name))

    def finished_extensions(self) -> ExtensionsFile | None:
        return None


def facts(path: Path) -> dict[str, Any]:
    sync(path)
    return {"name": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size}


def _finished(tallies: dict[str, Tally], tell: Callable[[str], dict[str, Any]]) -> list[ExportedFile]:
    return [ExportedFile(**tell(name), **tally.facts()) for name, tally in sorted(tallies.items())]
