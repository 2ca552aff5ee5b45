"""Put what `make prove` measured last into docs/proofs.md, all of it, and into the README, some of it.

`python -m tests.prove.page [var/prove/figures.json]`
"""

import json
import sys
from pathlib import Path

from tests.prove import figures

IN_README = ("A1", "A2", "A4", "A5", "A8", "A9", "A15", "A16", "B1", "B3", "C1", "D1", "E1")
BEGIN, END = "<!-- figures: make prove -->\n", "<!-- end of figures -->\n"


def main(file: Path) -> None:
    told = json.loads(file.read_text())
    rows = [figures.Figure(**row) for row in told["figures"]]
    sentence = figures.sentence(told)
    put(figures.ROOT / "docs" / "proofs.md", f"{sentence}\n\n{figures.table(rows)}\n")
    put(figures.ROOT / "README.md", f"{short(rows)}\n\n{sentence}\n")


def short(rows: list[figures.Figure]) -> str:
    chosen = [one for one in figures.in_order(rows) if one.id in IN_README]
    lines = [f"| {one.what} | {one.measured}{missed(one)} | {one.control} |".replace("\n", " ") for one in chosen]
    return "\n".join(["| what happens | measured | the same with a planted fault |", "|---|---|---|", *lines])


def missed(one: figures.Figure) -> str:
    return "" if one.outcome == "met" else f" **({one.outcome}; promised: {one.target})**"


def put(page: Path, text: str) -> None:
    """Between the two marks of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}{text}{END}{after}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/prove/figures.json"))
