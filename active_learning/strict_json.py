"""JSON Lines from strangers: stricter than `json.loads`, and every refusal says where in the line and why."""

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import orjson

MAX_LINE_BYTES = 1 << 20
MAX_DEPTH = 32
# PostgreSQL stores neither of the two in text: refuse them where the line number is still known.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Of a path or a reason, which may repeat what a stranger wrote: a report with a hundred of them is read by people.
MAX_TOLD = 300

KEY = re.compile(rb'"[ \t\n\r]*:')
# What a kind of value is called where people read it.
IN_WORDS: dict[type | None, str] = {
    str: "text",
    int: "a whole number",
    float: "a decimal number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    None: "null",
    type(None): "null",
}
LOOKED_AT = {dict, list, int, float}
QUICK_DEPTH = 8

T = TypeVar("T")


class RecordError(ValueError):
    """A line that cannot be taken: where in it (a JSON path) and why."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = _tellable(path)
        self.reason = _tellable(reason)
        super().__init__(f"{self.path}: {self.reason}" if path else self.reason)


def _tellable(text: str) -> str:
    """Without what no database stores: a refusal may name the very key that is refused for it."""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text if len(text) <= MAX_TOLD else f"{text[:MAX_TOLD]}…")


class LineError(ValueError):
    """A line of a file that cannot be taken: which file, which line, where in it and why."""


def read_lines(path: Path, read: Callable[[bytes], T]) -> Iterator[T]:
    """What `read` makes of each line of a file; its RecordErrors become LineErrors."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                found = read(line)
            except RecordError as error:
                raise LineError(f"{path.name}, line {number}: {error}.") from None
            yield found


def load_json(line: bytes) -> dict[str, Any]:
    """One line of JSON Lines as an object, or a RecordError; stricter than `json.loads`.

    Refused: a line over 1 MiB, bad UTF-8, NaN and Infinity, a key twice in one object, nesting over 32,
    NUL and lone surrogates, integers beyond 64 bits.
    """
    if len(line) > MAX_LINE_BYTES:
        raise RecordError("", f"the line is longer than {MAX_LINE_BYTES} bytes")
    value = _read_quickly(line)
    return _read_with_care(line) if value is None else value


def _read_quickly(line: bytes) -> dict[str, Any] | None:
    """What the careful reader would return, where that is sure; None where it has to look, and to say what is wrong.

    orjson takes three things that we do not: NUL, integers beyond 64 bits (as floats), and a key twice, of which it
    keeps the last. But a colon behind a quote follows every key: as many as there are keys now, and none was dropped.
    """
    if b"\\u0000" in line:
        return None
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if type(value) is dict and _keys(value) == len(KEY.findall(line)) else None


def _keys(root: dict[str, Any]) -> int | None:
    """How many keys there are in all; None where something is nested deeply or a number is huge."""
    keys = 0
    level: list[Any] = [root]
    for _ in range(QUICK_DEPTH):
        below: list[Any] = []
        for one in level:
            if type(one) is dict:
                keys += len(one)
                below += [child for child in one.values() if type(child) in LOOKED_AT]
            elif type(one) is list:
                below += [child for child in one if type(child) in LOOKED_AT]
            elif not -(2**63) < one < 2**63:  # as a float the integer before the least one is the least one
                return None
        if not below:
            return keys
        level = below
    return None


def _read_with_care(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_unique_keys)
    except RecordError:
        raise
    except RecursionError:
        raise RecordError("", "nested too deeply") from None
    except json.JSONDecodeError as error:
        raise RecordError("", _fault(line, error)) from None
    except UnicodeDecodeError as error:
        raise RecordError("", f"not text in UTF-8 from byte {error.start + 1} on") from None
    except ValueError as error:
        raise RecordError("", f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise RecordError("", "the line is not a JSON object")
    _check_storable(value)
    return value


def _fault(line: bytes, error: json.JSONDecodeError) -> str:
    if not line.lstrip().startswith((b"{", b"[")):
        return "not valid JSON: the line does not begin with {"
    return f"not valid JSON from character {error.pos + 1} on"


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise RecordError(twice, "this key stands twice in one object")
    return result


def _children(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield key, f"{path}.{key}".lstrip(".")
            yield child, f"{path}.{key}".lstrip(".")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield child, f"{path}[{index}]"


def _check_storable(root: dict[str, Any]) -> None:
    stack: list[tuple[Any, str, int]] = [(root, "", 0)]
    while stack:
        value, path, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise RecordError(path, "nested too deeply")
        if isinstance(value, str) and UNSTORABLE.search(value):
            raise RecordError(path, "the text holds a NUL or half of a surrogate pair")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise RecordError(path, "the integer does not fit 64 bits")
        if isinstance(value, float) and not math.isfinite(value):
            raise RecordError(path, "NaN, Infinity and numbers beyond 1e308 are not taken")
        stack += [(child, child_path, depth + 1) for child, child_path in _children(value, path)]


class Fields:
    """Typed access to one JSON object that knows its path, so that every refusal says where."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise RecordError(path, "expected an object")
        self.value: dict[str, Any] = value
        self.path = path

    def at(self, key: str) -> str:
        return f"{self.path}.{key}".lstrip(".")

    def take(self, key: str, *kinds: type | None) -> Any:
        """The value of a required key; `None` among the kinds allows null. A bool is never an int."""
        if key not in self.value:
            raise RecordError(self.at(key), "the key is missing")
        value = self.value[key]
        if value is None and None in kinds:
            return None
        if type(value) is int and float in kinds:
            return float(value)
        if type(value) not in kinds:
            names = " or ".join(IN_WORDS[kind] for kind in kinds)
            raise RecordError(self.at(key), f"expected {names}, found {IN_WORDS[type(value)]}")
        return value

    def optional(self, key: str, default: Any, *kinds: type | None) -> Any:
        return self.take(key, *kinds) if key in self.value else default

    def items(self, key: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        return tuple(read(item, f"{self.at(key)}[{index}]") for index, item in enumerate(self.take(key, list)))

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key, list)
        return tuple(value) if all(type(one) is str for one in value) else self.items(key, _read_text)


def _read_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise RecordError(path, f"expected text, found {IN_WORDS[type(value)]}")
    return value
