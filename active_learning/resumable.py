"""Work on many items whose results are kept one by one; killed and started again it goes on, and ends with the same bytes.

The results gather in `OUT.part`, after a line that says what they hang on; the output appears when all is done.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

Row = dict[str, Any]
Progress = Callable[[Row], None]
Item = TypeVar("Item")


class OtherWork(ValueError):
    """This output belongs to other work; the message is for people."""


class OutputBusy(OtherWork):
    """Another process works on this output now."""


@dataclass(frozen=True)
class Part:
    """Where results gather."""

    out_path: Path

    @property
    def path(self) -> Path:
        return self.out_path.with_name(self.out_path.name + ".part")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process works on this output meanwhile. Raises OutputBusy where one does."""
        if not self.path.parent.is_dir():
            raise OtherWork(f"There is no folder {self.out_path.parent} to write {self.out_path.name} into.")
        with self.path.open("ab") as part:
            try:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutputBusy(
                    f"Another process is writing {self.path}. Wait for it, or name another file."
                ) from None
            try:
                yield
            finally:
                if not self._has_results():
                    self.path.unlink(missing_ok=True)

    def _has_results(self) -> bool:
        """More than the line that says what they hang on."""
        return self.path.exists() and self.path.read_bytes().count(b"\n") > 1

    def begin_or_go_on(self, identity: Row) -> dict[int, Row]:
        """The results that are there, by the item's place; `identity` is all that their bytes hang on. A line that was
        being written when the process was killed is taken off. Raises OtherWork."""
        if self.out_path.exists():
            raise OtherWork(f"{self.out_path} is there already: name another file.")
        kept = self.path.read_bytes() if self._has_results() else b""
        whole = kept[: kept.rfind(b"\n") + 1]
        if not whole:
            with self.path.open("wb") as part:
                _write(part, identity)
            return {}
        theirs, *done = map(json.loads, whole.splitlines())
        if theirs != identity:
            raise OtherWork(
                f"{self.path} holds part of other work. Name another output, or delete that file to begin anew."
            )
        os.truncate(self.path, len(whole))
        return {one["item"]: one["result"] for one in done}

    def publish(self, lines: Iterable[Row]) -> None:
        """These lines under the output's name."""
        temporary = self.out_path.with_name(self.out_path.name + ".tmp")
        with temporary.open("wb") as out:
            out.writelines(json.dumps(line).encode() + b"\n" for line in lines)
            out.flush()
            os.fsync(out.fileno())
        temporary.rename(self.out_path)
        self.path.unlink()


def work_off(
    part: Part,
    done: dict[int, Row],
    items: Sequence[Item],
    ask: Callable[[Item], Row],
    *,
    at_once: int,
    progress: Callable[[int], None],
) -> None:
    """Add the result of each item that is not done; so many are asked about side by side.

    `progress` is told how many are done. Raises what `ask` raises; what others were asked meanwhile is kept first.
    """
    remaining = [place for place in range(len(items)) if place not in done]
    with part.path.open("ab") as out, ThreadPoolExecutor(at_once) as executor:
        asked: dict[Future[Row], int] = {}
        failed: BaseException | None = None
        try:
            while asked or (remaining and failed is None):
                while remaining and failed is None and len(asked) < at_once:
                    place = remaining.pop(0)
                    asked[executor.submit(ask, items[place])] = place
                for future in wait(asked, return_when=FIRST_COMPLETED).done:
                    place = asked.pop(future)
                    failed = failed or future.exception()
                    if future.exception() is None:
                        done[place] = future.result()
                        _write(out, {"item": place, "result": done[place]})
                        progress(len(done))
        finally:
            executor.shutdown(cancel_futures=True)
    if failed is not None:
        raise failed


def _write(out: IO[bytes], row: Row) -> None:
    """On disk before the next one is begun."""
    out.write(json.dumps(row).encode() + b"\n")
    out.flush()
    os.fsync(out.fileno())
