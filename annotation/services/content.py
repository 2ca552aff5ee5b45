"""What makes two texts the same problem, and two lists of steps the same solution."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache

_as_json = json.JSONEncoder(ensure_ascii=False).encode


@lru_cache(maxsize=64)  # a file names the same problem line after line
def problem_hash(text: str) -> bytes:
    """SHA-256 of the text with its white space collapsed: PRM800K and MATH differ in nothing else (64 of 942)."""
    return hashlib.sha256(" ".join(text.split()).encode()).digest()


def solution_hash(steps: Sequence[str]) -> bytes:
    """SHA-256 of the steps as a list: where a step ends is part of what is labeled."""
    return hashlib.sha256(_as_json(list(steps)).encode()).digest()
