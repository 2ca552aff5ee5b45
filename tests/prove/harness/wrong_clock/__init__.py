from pathlib import Path


def by(hours):
    """The environment of a process whose clock is wrong by so much."""
    return {"PYTHONPATH": str(Path(__file__).parent), "WRONG_CLOCK_HOURS": str(hours)}
