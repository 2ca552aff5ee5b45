"""What servers were asked, and what it took: a line before each request and one after it.

A process that is killed leaves requests without a second line. Their replies are lost, and may have to be paid for.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NamedTuple

How = Literal["counted", "estimated", "lost"]  # by the server, from the length of the texts, or at the most it could be


class Taken(NamedTuple):
    """Tokens of one request."""

    prompt: int
    sampled: int
    how: How = "counted"

    def plus(self, other: "Taken") -> "Taken":
        return Taken(self.prompt + other.prompt, self.sampled + other.sampled)

    def minus(self, other: "Taken") -> "Taken":
        return Taken(self.prompt - other.prompt, self.sampled - other.sampled)


NOTHING = Taken(0, 0)


@dataclass
class Spending:
    requests: int = 0
    retries: int = 0  # of them
    prompt_tokens: int = 0
    spent_tokens: int = 0  # sampled
    estimated_tokens: int = 0  # of them, where a server gave no count: at most so many
    lost_tokens: int = 0  # of them, at most, by requests whose replies were lost

    def begin(self, *, is_retry: bool) -> None:
        self.requests += 1
        self.retries += is_retry

    def end(self, taken: Taken) -> None:
        self.prompt_tokens += taken.prompt
        self.spent_tokens += taken.sampled
        self.estimated_tokens += taken.sampled * (taken.how == "estimated")
        self.lost_tokens += taken.sampled * (taken.how == "lost")


class Journal:
    """Without a path nothing is remembered beyond this process. Several threads may share one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = Lock()
        self.spending = Spending()
        if path and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        kept = path.read_bytes()
        whole = kept[: kept.rfind(b"\n") + 1]  # what was being written when the process was killed had not begun
        os.truncate(path, len(whole))
        lines = [json.loads(line) for line in whole.splitlines()]
        ends = {line["end"]: Taken(*line["took"]) for line in lines if "end" in line}
        for line in lines:
            if "begin" in line:
                prompt, sampled = line["most"]
                self.spending.begin(is_retry=line["retry"])
                self.spending.end(ends.get(line["begin"], Taken(prompt, sampled, "lost")))

    def begin(self, most: Taken, *, is_retry: bool) -> int:
        """The number of a request that is to be sent now; it is on disk before it is."""
        with self._lock:
            self.spending.begin(is_retry=is_retry)
            number = self.spending.requests
            self._write({"begin": number, "most": [most.prompt, most.sampled], "retry": is_retry}, is_safe=True)
        return number

    def end(self, number: int, taken: Taken) -> None:
        with self._lock:
            self.spending.end(taken)
            self._write({"end": number, "took": list(taken)}, is_safe=False)

    def _write(self, line: dict[str, Any], *, is_safe: bool) -> None:
        if self._path:
            with self._path.open("ab") as out:
                out.write(json.dumps(line).encode() + b"\n")
                out.flush()
                if is_safe:
                    os.fsync(out.fileno())
