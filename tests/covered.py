"""The share of statements and branches that the tests reach, held against floors that only rise (coverage.toml).

`python -m tests.covered REPORT`, with the report of `coverage json`, prints a line for each part and ends with 1 where one
is below its floor. It keeps the shares, with the commit that they are of, beside the report.
"""

import json
import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tests.prove.figures import ROOT, source

FLOORS = Path(__file__).with_name("coverage.toml")
KEPT = ROOT / "var" / "coverage" / "shares.json"
WORTH_RAISING = 0.5  # percent above its floor


@dataclass(frozen=True)
class Part:
    """Some of our files, and how many percent of their statements and branches the tests must reach."""

    name: str
    files: tuple[str, ...]
    floor: float

    def share(self, report):
        """In percent. Raises ValueError where it has no file in the report."""
        summaries = [one["summary"] for name, one in report["files"].items() if self.has(name)]
        there = sum(one["num_statements"] + one["num_branches"] for one in summaries)
        reached = sum(one["covered_lines"] + one["covered_branches"] for one in summaries)
        if not there:
            raise ValueError(f"{self.name} has no file in this report")
        return 100 * reached / there

    def has(self, name):
        return any(fnmatch(name, pattern) for pattern in self.files)


def parts():
    told = tomllib.loads(FLOORS.read_text())
    return [Part(name, tuple(one["files"]), one["floor"]) for name, one in told.items()]


def shares(report):
    return {part.name: round(part.share(report), 2) for part in parts()}


def below(found):
    return [f"{part.name} {found[part.name]} < {part.floor}" for part in parts() if found[part.name] < part.floor]


def told(found):
    for part in parts():
        share, note = found[part.name], ""
        if share < part.floor:
            note = f"BELOW its floor of {part.floor}"
        elif share > part.floor + WORTH_RAISING:
            note = f"above its floor of {part.floor}: raise it in {FLOORS.relative_to(ROOT)}"
        yield f"{part.name:<10}{share:6.2f} %  {note}".rstrip()


def main(path: Path) -> int:
    found = shares(json.loads(path.read_text()))
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps({"commit": source()["commit"], "shares": found}, indent=1) + "\n")
    sys.stdout.write("\n".join(told(found)) + "\n")
    return 1 if below(found) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
