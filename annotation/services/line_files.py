"""Lines of files from strangers: bytes, one at a time, with limits on all that can grow."""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from active_learning.strict_json import MAX_LINE_BYTES
from annotation.services.refusal import Refusal

# JSON Lines of mathematics shrink about seven times. A small file may be as repetitive as it likes.
MAX_UNPACKED_RATIO = 50
ALWAYS_UNPACKED = 64 << 20
MAX_UNPACKED_BYTES = 16 << 30
MAX_LINES = 5_000_000
AHEAD_BYTES = 1 << 20


class UnreadableFile(Refusal):
    """This file cannot be read."""


class Lines(Protocol):
    """An open binary file; gzip's is none in the eyes of the type checker."""

    def readline(self, size: int = ..., /) -> bytes: ...


def lines_of(path: Path, name: str = "") -> Iterator[bytes]:
    """The lines of a file, which may be packed by gzip (`.gz`); raises UnreadableFile, which tells it by its name."""
    with _reading(name or str(path)), path.open("rb") as file:
        for number, line in enumerate(read_lines(_unpacked(file) if path.suffix == ".gz" else file)):
            if number == MAX_LINES:
                raise UnreadableFile(f"The file has more than {MAX_LINES:,} lines; please cut it into several.")
            yield line


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file as it is; raises UnreadableFile."""
    with _reading(str(path)), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        # What gzip and zlib say is for programmers.
        why = getattr(error, "strerror", None) or "it is no gzip file, or damaged, or not all of it is here"
        raise UnreadableFile(f"{name} cannot be read: {why}.") from error


def read_lines(stream: Lines) -> Iterator[bytes]:
    """Every line without its newline; only LF ends a line, for U+2028 and a lone CR may stand inside a JSON text.

    One byte order mark at the start is dropped. A line over the limit comes cut off one byte behind it, so that the
    parser refuses it, and never lies in memory as a whole.
    """
    mark = codecs.BOM_UTF8
    while line := stream.readline(MAX_LINE_BYTES + 1):
        yield line.removeprefix(mark).removesuffix(b"\n")
        mark = b""
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(stream)


def _skip_line(stream: Lines) -> None:
    while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _unpacked(packed: BinaryIO) -> Lines:
    """What unpacks to a huge file is refused before anybody works on its lines, of which it may have millions."""
    stream = _Unpacked(packed)
    while stream.tell() <= ALWAYS_UNPACKED and stream.read(AHEAD_BYTES):
        pass
    stream.refuse_bomb()
    stream.rewind()
    return stream


class _Unpacked(gzip.GzipFile):
    """A gzip stream that stops before a small file has become a huge one."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self.packed = packed

    def readline(self, size: int | None = -1) -> bytes:
        self.refuse_bomb()
        return super().readline(size)

    def refuse_bomb(self) -> None:
        """Raises UnreadableFile."""
        unpacked = self.tell()
        ratio = unpacked / max(self.packed.tell(), 1)
        if unpacked > MAX_UNPACKED_BYTES or (unpacked > ALWAYS_UNPACKED and ratio > MAX_UNPACKED_RATIO):
            raise UnreadableFile(f"The file unpacks to more than {ratio:.0f} times its size; please send it unpacked.")
