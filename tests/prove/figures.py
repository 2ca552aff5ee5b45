"""The table that `make prove` ends with: what each proof promises, what it measured, and what its control showed.

A row is kept in the moment in which it is measured, in the place of an older one of the same figure: a run that is cut off has
lost nothing, and the full counts, which take a night, can be run in pieces. Each row names its commit.
"""

import json
import os
import platform
import re
import subprocess
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "var" / "prove"
NOT_RUN = "NOT RUN"
COLUMNS = ("figure", "target", "measured", "control", "seed", "commit", "s")
WIDTHS = (44, 34, 40, 36)


@dataclass(frozen=True)
class Figure:
    """One row. `outcome` is met, MISSED or NOT RUN; a control is the same proof against a system with a planted fault."""

    id: str
    what: str
    target: str
    measured: str
    control: str
    seed: str
    outcome: str
    seconds: float
    commit: str


def figure_of(report: Any) -> Figure | None:
    """What a finished test of this folder says of itself; None for any other test."""
    told = dict(report.user_properties)
    if "figure" not in told:
        return None
    outcome = {"passed": "met", "failed": "MISSED"}.get(report.outcome, NOT_RUN)
    measured = told.get("measured", "")
    if outcome == NOT_RUN:
        measured = _reason(report)
    return Figure(
        **told["figure"],
        measured=measured or "nothing: it failed before",
        control=told.get("control", "none"),
        seed=told.get("seed", ""),
        outcome=outcome,
        seconds=round(told.get("seconds", report.duration), 1),
        commit=source()["commit"],
    )


def table(figures: Iterable[Figure]) -> str:
    """As Markdown, in the order of their ids."""
    lines = ["| | " + " | ".join(COLUMNS) + " | |", "|" + "---|" * (len(COLUMNS) + 2)]
    for one in in_order(figures):
        cells = (one.id, one.what, one.target, one.measured, one.control, one.seed, one.commit)
        cells += (f"{one.seconds:.0f}", one.outcome)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def rows_of(text: str) -> list[Figure]:
    """The rows of a table(), seconds rounded."""
    found = [re.split(r"(?<!\\) \| ", line[2:-2]) for line in text.splitlines() if re.match(r"\| [A-Z]\d", line)]
    cells = ([cell.replace("\\|", "|").strip() for cell in one] for one in found)
    return [
        Figure(id, what, target, measured, control, seed, outcome, float(seconds), commit)
        for id, what, target, measured, control, seed, commit, seconds, outcome in cells
    ]


def printed(figures: Iterable[Figure]) -> str:
    """For a terminal: each cell wrapped in its column."""
    lines = [_line(("", *COLUMNS[:4]), "")]
    for one in in_order(figures):
        wrapped = [textwrap.wrap(text, width) for text, width in zip(_texts(one), WIDTHS, strict=True)]
        tail = f"{one.seconds:6.0f} s  {one.outcome}" + (f"  seed {one.seed}" if one.seed else "")
        for number in range(max(map(len, wrapped))):
            cells = [column[number] if number < len(column) else "" for column in wrapped]
            lines.append(_line(("" if number else one.id, *cells), "" if number else tail))
    return "\n".join(lines)


def in_order(figures: Iterable[Figure]) -> list[Figure]:
    return sorted(figures, key=lambda one: (one.id[0], int(one.id[1:].partition(".")[0]), one.id))


def keep(new: Figure, file: Path) -> None:
    """In the file, and as a table beside it. What was run at this commit is not replaced by what could not be."""
    others = {one.id: one for one in kept(file)}
    old = others.get(new.id)
    if new.outcome == NOT_RUN and old and old.outcome != NOT_RUN and old.commit == new.commit:
        return
    rows = in_order((others | {new.id: new}).values())
    told = source() | {"counts": file.stem, "figures": [asdict(one) for one in rows]}
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(json.dumps(told, indent=1) + "\n")
    unfinished.replace(file)
    file.with_suffix(".md").write_text(f"{sentence(told)}\n\n{table(rows)}\n")


def file_of(folder: Path, *, full: bool) -> Path:
    """`full`: tried as often as it takes to trust it."""
    return folder / ("full.json" if full else "short.json")


def kept(file: Path) -> list[Figure]:
    return [Figure(**row) for row in json.loads(file.read_text())["figures"]] if file.exists() else []


def with_missing(rows: Iterable[Figure], others: Iterable[Figure]) -> list[Figure]:
    """`rows`, and of the `others` that are not among them that they were not run."""
    found = {one.id: one for one in rows}
    empty = {"measured": "", "control": "", "seed": "", "seconds": 0.0, "commit": "", "outcome": NOT_RUN}
    return [found.get(one.id) or replace(one, **empty) for one in others]


def source() -> dict[str, Any]:
    git = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    return {
        "commit": commit,
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def sentence(told: dict[str, Any]) -> str:
    return (
        f"Last run {told['when']}, {told['cores']} cores ({told['machine']}), Python {told['python']}, "
        f"{told['counts']} counts; each row is of the commit that it names."
    )


def _texts(one: Figure) -> tuple[str, str, str, str]:
    return one.what, one.target, one.measured, one.control


def _line(cells: tuple[str, ...], tail: str) -> str:
    first, *others = cells
    text = f"{first:<5}" + "  ".join(f"{cell:<{width}}" for cell, width in zip(others, WIDTHS, strict=True))
    return f"{text}  {tail}".rstrip()


def _reason(report: Any) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else "skipped"
