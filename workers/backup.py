"""A backup: the database as of one moment, the files that its rows speak of, and a manifest that knows both.

    DIR/database.dump        pg_dump's own format
    DIR/files/…              checkpoints, datasets, uploads: what DATA_DIR keeps
    DIR/manifest.json        hashes, sizes, the number of rows of each table
    DIR/manifest.json.sha256 as `sha256sum --check` reads it

It appears under its name when it is complete, and never before.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.recorder import MigrationRecorder

from annotation.models.pulses import Part
from annotation.services import pulses
from annotation.services.export_files import new_folder, remove_unfinished, sha256_of, sync
from annotation.services.refusal import Refusal
from workers import postgres_programs

DUMP, FILES, MANIFEST, SEAL = "database.dump", "files", "manifest.json", "manifest.json.sha256"
FORMAT = 1
# The schema in which what was there before a restore waits until the backup is in.
ASIDE = "stepmark_before_restore"
# Of DATA_DIR. The rest is made again at a start (sockets, static files), is of work that begins anew (refills, uploads
# that are on their way), or is a secret of this machine (secret_key).
KEPT = ("rounds", "snapshots", "imports", "automatic", "sampling")
# Folders that have the number of a row: the table, and where in the path the number is.
NUMBERED = {
    "rounds": ("annotation_round", 1),
    "automatic": ("annotation_automaticsource", 1),
    "sampling": ("annotation_sampling", 1),
    "snapshots": ("annotation_job", 2),
}
CHUNK_BYTES = 2**20

Newest = dict[str, int]


class NotABackup(Refusal):
    """This folder holds no complete backup."""


@dataclass(frozen=True)
class Backup:
    folder: Path
    made_at: str
    rows: int
    files: int
    bytes: int


def make(*, out: Path) -> Backup:
    """Write one into a folder that is new or empty, while people go on working.

    Raises FolderTaken, NoProgram, ProgramFailed, OSError.
    """
    program = postgres_programs.program("pg_dump", server=postgres_programs.server_version())
    remove_unfinished(out)
    with new_folder(out) as folder:
        folder.chmod(0o700)  # it holds what the database does: names, hashes of passwords
        manifest, newest = _dump(program, folder / DUMP)
        manifest["files"] = [_described(folder, folder / DUMP), *_copies(settings.DATA_DIR, folder, newest)]
        _seal(folder, manifest)
    with suppress(ProgrammingError):  # before an upgrade's migrations there may be no such table yet
        pulses.beat(part=Part.BACKUP)
    return _backup(out, manifest)


def verified(folder: Path) -> dict[str, Any]:
    """The manifest, after every file was read and compared with it. Raises NotABackup."""
    try:
        seal, text = (folder / SEAL).read_text().split()[0], (folder / MANIFEST).read_bytes()
    except (OSError, IndexError, UnicodeDecodeError):
        raise NotABackup(f"{folder} has no {MANIFEST} with its {SEAL}: it is no backup, or was cut short.") from None
    if hashlib.sha256(text).hexdigest() != seal:
        raise NotABackup(f"{folder / MANIFEST} was changed: it does not fit {SEAL}.")
    manifest: dict[str, Any] = json.loads(text)
    if manifest["format"] != FORMAT:
        raise NotABackup(f"{folder} is a backup of format {manifest['format']}; this version reads {FORMAT}.")
    wrong = [told for one in manifest["files"] if (told := _wrong(folder, one))]
    if wrong:
        raise NotABackup(f"{folder} is not as it was written: {'; '.join(wrong[:5])}.")
    return manifest


def _wrong(folder: Path, one: dict[str, Any]) -> str:
    name = PurePosixPath(one["name"])
    if name.is_absolute() or ".." in name.parts:
        return f"{name} leads out of it"
    path = folder / name
    if not path.is_file():
        return f"{name} is missing"
    return "" if path.stat().st_size == one["bytes"] and sha256_of(path) == one["sha256"] else f"{name} was changed"


def _dump(program: Path, out: Path) -> tuple[dict[str, Any], Newest]:
    """Dump the database and count its rows, both as of one moment; and the highest numbers of then."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it waits for the program
        cursor.execute("SELECT pg_export_snapshot(), now()")
        snapshot, now = cursor.fetchone()
        counts = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # nosec B608 # the catalog's own name, quoted
            [counts[table]] = cursor.fetchone()
        newest = {folder: _highest(cursor, table) for folder, (table, _) in NUMBERED.items() if table in counts}
        migrations = sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
        arguments = (
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--exclude-schema={ASIDE}",
            f"--snapshot={snapshot}",
        )
        env = postgres_programs.environment(postgres_programs.address())
        postgres_programs.run(program, *arguments, f"--file={out}", env=env)
    sync(out)
    return {"format": FORMAT, "made_at": now.isoformat(), "counts": counts, "migrations": migrations}, newest


def _highest(cursor: CursorWrapper, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # nosec B608 # of constants
    [highest] = cursor.fetchone()
    return int(highest)


def _copies(data: Path, folder: Path, newest: Newest) -> Iterator[dict[str, Any]]:
    for name in KEPT:
        for path in sorted((data / name).rglob("*")):
            inside = path.relative_to(data)
            if not path.is_file() or path.is_symlink() or _is_unfinished(inside) or _is_newer(inside, newest):
                continue
            try:
                yield _copied(path, folder, folder / FILES / inside)
            except FileNotFoundError:
                continue  # tidied away since: what a finished round needs no more, say


def _is_unfinished(path: Path) -> bool:
    return any(part.startswith(".") or part.endswith(".partial") for part in path.parts)


def _is_newer(path: Path, newest: Newest) -> bool:
    """Begun after the dump: the restored database gives this number out again, for something else."""
    shelf = path.parts[0]
    if shelf not in newest:
        return False
    _, place = NUMBERED[shelf]
    return any(number.isdecimal() and int(number) > newest[shelf] for number in path.parts[place : place + 1])


def _copied(source: Path, folder: Path, target: Path) -> dict[str, Any]:
    """Hashed while it is read: a file that grows meanwhile is kept as far as it was."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as writing:
            while chunk := reading.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                writing.write(chunk)
    sync(target)
    return {"name": str(target.relative_to(folder)), "bytes": size, "sha256": digest.hexdigest()}


def _described(folder: Path, path: Path) -> dict[str, Any]:
    return {"name": str(path.relative_to(folder)), "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _seal(folder: Path, manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=1).encode() + b"\n"
    (folder / MANIFEST).write_bytes(text)
    (folder / SEAL).write_text(f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n")
    for name in (MANIFEST, SEAL):
        sync(folder / name)


def _backup(folder: Path, manifest: dict[str, Any]) -> Backup:
    files = manifest["files"]
    size = sum(one["bytes"] for one in files)
    return Backup(folder, manifest["made_at"], sum(manifest["counts"].values()), len(files), size)
