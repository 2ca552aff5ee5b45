"""Which of the layouts that we know a line has: told by its keys, before anything else is read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext_noop as _

from active_learning.strict_json import RecordError, load_json
from annotation.models.imports import ImportKind
from annotation.services.refusal import Refusal

LOOKED_AT = 20  # lines


class UnknownLayout(Refusal):
    """None of the first lines has a layout that is known here. Those that are stand under “What is understood”."""


class NotJsonLines(UnknownLayout):
    """This is not JSON Lines, in which each line is one JSON object. Tables (CSV) and other files have to be converted."""


@dataclass(frozen=True)
class Layout:
    name: str
    kind: ImportKind
    fits: Callable[[dict[str, Any]], bool]


def _has(*keys: str) -> Callable[[dict[str, Any]], bool]:
    return lambda value: all(key in value for key in keys)


def _is_sample(value: dict[str, Any]) -> bool:
    told = {"generator", "score", "is_correct", "seed", "temperature"}
    return (
        "solution" in value and bool(told & value.keys()) and bool({"problem", "question", "unique_id"} & value.keys())
    )


def _holds_solutions(value: dict[str, Any]) -> bool:
    return any(isinstance(one, dict) and "solution" in one for one in value.values())


# The first that fits.
LAYOUTS = [
    Layout("PRM800K", ImportKind.LABELS, lambda value: isinstance(value.get("question"), dict) and "label" in value),
    Layout(_("PRM800K without labels"), ImportKind.SOLUTIONS, lambda value: isinstance(value.get("question"), dict)),
    Layout("ProcessBench", ImportKind.SOLUTIONS, _has("problem", "steps", "final_answer_correct", "label")),
    Layout(_("scored samples"), ImportKind.SOLUTIONS, _has("steps", "prm_score")),
    Layout(_("steps"), ImportKind.SOLUTIONS, _has("steps")),
    Layout(_("samples in a list"), ImportKind.SOLUTIONS, _has("question", "code")),
    Layout(_("model solutions"), ImportKind.SOLUTIONS, _holds_solutions),
    Layout(_("sample"), ImportKind.SOLUTIONS, _is_sample),
    Layout("MATH", ImportKind.PROBLEMS, _has("problem")),
    Layout("GSM8K", ImportKind.PROBLEMS, _has("question", "answer")),
]


def layout_of(value: dict[str, Any]) -> Layout | None:
    return next((layout for layout in LAYOUTS if layout.fits(value)), None)


def kind_of(lines: Iterable[bytes]) -> ImportKind:
    """What the first lines that can be read are, most of them. Raises UnknownLayout, NotJsonLines."""
    first = [line for line in islice(lines, LOOKED_AT) if line.strip()]
    found = [layout for line in first if (layout := _read(line))]
    if first and not any(line.lstrip().startswith(b"{") for line in first):
        raise NotJsonLines
    if not found:
        raise UnknownLayout
    kinds = [layout.kind for layout in found]
    return max(ImportKind, key=kinds.count)


def _read(line: bytes) -> Layout | None:
    try:
        return layout_of(load_json(line))
    except RecordError:
        return None
