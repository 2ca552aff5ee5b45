"""Real data files that may lie beside the project; tests that need them skip with a plain message where they do not."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared_path(name: str) -> Path:
    """A file of ../shared/data (or ../shared/fixtures); skips the test where it is absent."""
    for folder in ("data", "fixtures"):
        if (SHARED / folder / name).exists():
            return SHARED / folder / name
    pytest.skip(f"the real data file {name} is not beside this checkout (../shared)")


def shared_lines(name: str) -> list[bytes]:
    """Its lines as bytes, without the newline."""
    return shared_path(name).read_bytes().removesuffix(b"\n").split(b"\n")
