"""Where a base model lies, and how much of a text its tokenizer does not know: told from its file, with no library of models.

Only of tokenizers that look up whole words after replacing parts of the text, as that of the toy domain; the others cut
words they do not know into pieces that they do.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

MAX_UNKNOWN_SHARE = 0.05  # of tokens; a base model that knows fewer would train on noise
# Models that come with the project; other names are folders.
OURS = {
    name: Path(__file__).parent / "domains" / folder for name, folder in [("toy", "base"), ("toy-writer", "writer")]
}


def base_directory(base: str) -> Path:
    return OURS.get(base) or Path(base)


def unknown_share(directory: Path, texts: Iterable[str]) -> float | None:
    """The share of unknown words; None where the file does not tell, as there is none or it cuts words into pieces."""
    try:
        told = json.loads((directory / "tokenizer.json").read_bytes())
        vocabulary = _words_of(told)
        replaced = [_replacement(one) for one in _parts(told["normalizer"])]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    words = [word for text in texts for word in _normalized(text, replaced).split()]
    return sum(word not in vocabulary for word in words) / max(1, len(words))


def _normalized(text: str, replaced: Sequence[Callable[[str], str]]) -> str:
    for replace in replaced:
        text = replace(text)
    return text


def _words_of(told: dict[str, Any]) -> set[str]:
    """Raises LookupError where it does not look up whole words."""
    if (told["model"]["type"], told["pre_tokenizer"]["type"]) != ("WordLevel", "WhitespaceSplit"):
        raise LookupError
    return set(told["model"]["vocab"])


def _parts(normalizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if normalizer is None:
        return []
    parts: list[dict[str, Any]] = normalizer["normalizers"] if normalizer["type"] == "Sequence" else [normalizer]
    return parts


def _replacement(part: dict[str, Any]) -> Callable[[str], str]:
    """Raises LookupError for a kind that is not known here."""
    if part["type"] == "Lowercase":
        return str.lower
    if part["type"] != "Replace":
        raise LookupError
    pattern, content = part["pattern"], part["content"]
    found = re.compile(pattern["Regex"] if "Regex" in pattern else re.escape(pattern["String"]))
    return lambda text: found.sub(lambda _: content, text)
