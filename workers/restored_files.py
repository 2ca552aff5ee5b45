"""The files of a backup on their way into the data folder. What lies in their place, and what the backup does not name,
steps aside: the next round, dataset or sampling would take it for its own, whose number the database gives out again."""

import json
import shutil
from collections.abc import Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from annotation.services.export_files import new_file, remove_unfinished, sha256_of
from workers.backup import KEPT

PREFIX = "before-restore-"
# All that belongs to rows of the database. A backup has nothing of refills.
SHELVES = (*KEPT, "refills")
# In the folder aside until all has ended well: what was put into the data folder.
PUT = "put.json"


@dataclass(frozen=True)
class Changes:
    """What is to be done below the data folder, by paths inside of it."""

    others: list[Path]  # files in the place of the backup's
    unnamed: list[Path]  # files and folders that the backup does not name
    wanted: list[Path]  # files of the backup that are not there, or not yet


def new_aside(data: Path, now: datetime) -> Path:
    """A folder for what is to step aside; one that is there already belongs to another restore, and is refused."""
    folder = data / f"{PREFIX}{now:%Y-%m-%dT%H-%M-%S}"
    folder.mkdir(parents=True)
    return folder


def changes(files: Path, named: Set[Path], data: Path) -> Changes:
    """Look only. `named` are the files of the backup, which lie below `files`."""
    folders = {parent for path in named for parent in path.parents}
    unnamed = [path for shelf in SHELVES for path in _unnamed(data, Path(shelf), named, folders)]
    there = {path for path in named if (data / path).is_file()}
    others = [path for path in sorted(there) if not _is_same(files / path, data / path)]
    return Changes(others, unnamed, sorted({*(named - there), *others}))


def put(files: Path, todo: Changes, data: Path, aside: Path) -> int:
    """Returns how many files stepped aside. Where it fails, `take_back`."""
    for path in (*todo.unnamed, *todo.others):
        _move(data / path, aside / path)
    count = sum(1 for path in aside.rglob("*") if not path.is_dir())
    with new_file(aside / PUT) as file:
        file.write(json.dumps([str(path) for path in todo.wanted]).encode())
    for path in todo.wanted:
        with (files / path).open("rb") as source, new_file(data / path) as copy:
            shutil.copyfileobj(source, copy)
    return count


def take_back(data: Path, aside: Path) -> None:
    """Undo `put`, wherever it or this was cut short."""
    if (aside / PUT).exists():
        for path in map(Path, json.loads((aside / PUT).read_bytes())):
            remove_unfinished(data / path)
            (data / path).unlink(missing_ok=True)
            _remove_empty(data, path.parent)
        (aside / PUT).unlink()
    remove_unfinished(aside / PUT)
    if aside.exists():
        _move_back(aside, data)


def keep(aside: Path) -> None:
    """All has ended well: what stepped aside is for people to look at now."""
    (aside / PUT).unlink()
    with suppress(OSError):
        aside.rmdir()  # nothing stepped aside


def _unnamed(data: Path, folder: Path, named: Set[Path], folders: Set[Path]) -> Iterator[Path]:
    for there in sorted((data / folder).iterdir()) if (data / folder).is_dir() else ():
        path = there.relative_to(data)
        if there.is_dir() and path in folders:
            yield from _unnamed(data, path, named, folders)
        elif path not in named or not there.is_file():
            yield path


def _is_same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and sha256_of(one) == sha256_of(other)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def _move_back(source: Path, target: Path) -> None:
    """Folder by folder, since one may be there with what never stepped aside."""
    if target.is_dir() and not source.is_symlink():
        for one in sorted(source.iterdir()):
            _move_back(one, target / one.name)
        source.rmdir()
    else:
        _move(source, target)


def _remove_empty(data: Path, folder: Path) -> None:
    """An empty folder would be taken for a finished one."""
    while len(folder.parts) > 1:
        try:
            (data / folder).rmdir()
        except OSError:
            return
        folder = folder.parent
