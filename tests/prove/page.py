"""Put what `make prove` measured into docs/proofs.md, all of it, and into the README, some of it; and what `make prove-full`
measured into docs/benchmarks.md, with what was not run.

The pages are the record: a row there stays until its figure is measured again, on whichever machine.

`python -m tests.prove.page [var/prove]`
"""

import json
import sys
from pathlib import Path

from tests.prove import figures

IN_README = ("A1", "A2", "A4", "A5", "A8", "A9", "A15", "A16", "B1", "B3", "C1", "D1", "E1")
BEGIN, END = "<!-- figures: make prove -->\n", "<!-- end of figures -->\n"
DOCS = figures.ROOT / "docs"


def main(folder: Path) -> None:
    short, full = (figures.file_of(folder, full=full) for full in (False, True))
    if short.exists():
        rows = measured_so_far(DOCS / "proofs.md", short)
        said = figures.sentence(json.loads(short.read_text()))
        put(DOCS / "proofs.md", f"{said}\n\n{figures.table(rows)}\n")
        commits = ", ".join(sorted({one.commit for one in rows}))
        put(figures.ROOT / "README.md", f"{for_readme(rows)}\n\n{said} Here: {commits}.\n")
    if full.exists():
        every = figures.rows_of(between_marks(DOCS / "proofs.md"))
        all_rows = figures.with_missing(measured_so_far(DOCS / "benchmarks.md", full), every)
        put(DOCS / "benchmarks.md", f"{figures.sentence(json.loads(full.read_text()))}\n\n{figures.table(all_rows)}\n")


def measured_so_far(page: Path, file: Path) -> list[figures.Figure]:
    """What the file keeps, and of other figures what the page shows."""
    shown = [one for one in figures.rows_of(between_marks(page)) if one.commit]
    return figures.in_order(({one.id: one for one in shown} | {one.id: one for one in figures.kept(file)}).values())


def for_readme(rows: list[figures.Figure]) -> str:
    chosen = [one for one in figures.in_order(rows) if one.id in IN_README]
    lines = [f"| {one.what} | {one.measured}{missed(one)} | {one.control} |".replace("\n", " ") for one in chosen]
    return "\n".join(["| what happens | measured | the same with a planted fault |", "|---|---|---|", *lines])


def missed(one: figures.Figure) -> str:
    return "" if one.outcome == "met" else f" **({one.outcome}; promised: {one.target})**"


def put(page: Path, text: str) -> None:
    """Between the two marks of the page. Raises ValueError where it has none."""
    if BEGIN not in page.read_text() or END not in page.read_text():
        raise ValueError(f"{page.name} has no place for figures: it wants {BEGIN.strip()} and {END.strip()}")
    page.write_text(page.read_text().replace(f"{BEGIN}{between_marks(page)}{END}", f"{BEGIN}{text}{END}"))


def between_marks(page: Path) -> str:
    return page.read_text().partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else figures.FOLDER)
