"""What an OpenAI-compatible server replies: choices, why each of them ended, and how many tokens they took."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from active_learning.generators import Text
from active_learning.generators.journal import Taken

ENDS = {
    "stop": True,
    "length": False,
    "content_filter": False,
}  # finish_reason: whether the generator itself has ended it


class Malformed(ValueError):
    """This is no reply of such a server; the message says what of it."""


@dataclass(frozen=True)
class Question:
    """What a request asks for; `bytes` of all that is sent."""

    bytes: int
    choices: int
    max_tokens: int  # of each
    is_chat: bool = False

    @property
    def most(self) -> Taken:
        """A token has at least one byte; those that a chat template adds are fewer than the names around the text."""
        return Taken(self.bytes, self.choices * self.max_tokens)


class Reply(NamedTuple):
    texts: dict[int, Text]  # by their place among the choices; perhaps fewer than were asked for
    taken: Taken


def read(body: Any, question: Question) -> Reply:
    """Raises Malformed."""
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list) or not body["choices"]:
        raise Malformed(f"no choices: {str(body)[:200]}")
    found = dict(_choice(place, one, question) for place, one in enumerate(body["choices"]))
    if len(found) != len(body["choices"]) or not set(found) <= set(range(question.choices)):
        raise Malformed(f"{len(body['choices'])} choices of {question.choices}, with places {sorted(found)[:9]}")
    bounds = [_at_most(text, question.max_tokens) for text, _ in found.values()]
    taken = _taken(body.get("usage"), question, sum(bounds))
    shares = bounds if taken.how == "estimated" else _shared(taken.sampled, bounds)
    texts = {place: Text(*one, tokens) for (place, one), tokens in zip(found.items(), shares, strict=True)}
    return Reply(texts, taken)


def _choice(place: int, choice: Any, question: Question) -> tuple[int, tuple[str, bool]]:
    """Its place, its text and whether it is over."""
    if not isinstance(choice, dict) or choice.get("finish_reason") not in ENDS:
        raise Malformed(f"a choice that ended for no known reason: {str(choice)[:200]}")
    is_over = ENDS[choice["finish_reason"]]
    if question.is_chat:
        message = choice.get("message")
        text = message.get("content") if isinstance(message, dict) else None
        text = "" if text is None and not is_over else text  # cut off while it was thinking
    else:
        text = choice.get("text")
    index = choice.get("index", place)
    if not isinstance(text, str) or type(index) is not int:
        raise Malformed(f"a choice without a text: {str(choice)[:200]}")
    return index, (text, is_over)


def _at_most(text: str, max_tokens: int) -> int:
    return min(len(text.encode(errors="surrogatepass")) + 1, max_tokens)  # one for the end


def _taken(usage: Any, question: Question, bound: int) -> Taken:
    """As the server counts it, of all choices together; where it does not, at most so much."""
    prompt, sampled = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    prompt = question.most.prompt if prompt is None else prompt
    return Taken(prompt, bound, "estimated") if sampled is None else Taken(prompt, sampled)


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if type(value) is int and value >= 0 else None


def _shared(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers that add up to the total: a server counts all choices together, and long texts took more."""
    ends = [total * part // sum(weights) for part in accumulate(weights)]
    return [end - start for start, end in pairwise([0, *ends])]
