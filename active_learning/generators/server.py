"""What a model that an OpenAI-compatible server has writes: vLLM, SGLang, llama.cpp, or a hosted one.

"https://host/v1#model" is asked for completions of a prompt that is laid out as training lays it;
"https://host/v1#model?chat" is a chat model that is told to write a step a line. Each sample has a seed of its own, so that
servers that honour seeds give the same texts however the samples are shared out over requests.
"""

import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

from active_learning.generators import Answer, Draw, GeneratorError, Prompt, PromptTooLong, Text, Until
from active_learning.generators.budget import Budget
from active_learning.generators.exchange import Exchange, Refused
from active_learning.generators.replies import Question
from active_learning.generators.terms import Terms

KEY = "GENERATOR_KEY"  # the environment variable
CHOICES = 64  # of one request
SEED_BITS = 31  # llama.cpp has 32, and the samples of a prompt count on from the seed
# Else vLLM takes what the model's folder recommends, llama.cpp its own defaults; the paper samples from the whole
# distribution.
WHOLE_DISTRIBUTION = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
UNKNOWN = re.compile(
    rf"(?is)(?=.*(unrecogni|unknown|unsupported|unexpected|extra|not permitted)).*({'|'.join(WHOLE_DISTRIBUTION)})"
)
SELF_DESCRIPTION = ("root", "owned_by", "max_model_len", "meta")  # not when it was started
SYSTEM = (
    "Solve the problem step by step. Write one step a line, each a whole sentence or formula, without numbering, headings "
    "or blank lines. After the last step write a blank line, the line `# Answer`, a blank line, and the final answer alone "
    "on the last line."
)


@dataclass(frozen=True)
class Address:
    url: str
    model: str
    is_chat: bool

    @classmethod
    def of(cls, name: str) -> "Address":
        """Of a generator's name. Raises GeneratorError."""
        url, _, rest = name.partition("#")
        model, _, way = rest.partition("?")
        parts = urlsplit(url)
        if not model or way not in ("", "chat") or not parts.hostname or parts.query or "@" in parts.netloc:
            raise GeneratorError(
                "A generator that a server has is named https://host/v1#model, or https://host/v1#model?chat; "
                f"its key is the environment variable {KEY}."
            )
        return cls(url.rstrip("/"), model, way == "chat")


class ServerGenerator:
    """Its requests are sent from threads of its own, `at_once` at most, whoever asks."""

    def __init__(self, address: Address, budget: Budget, terms: Terms) -> None:
        self._address = address
        self._exchange = Exchange(address.url, os.environ.get(KEY, "").strip(), budget, terms)
        self._threads = ThreadPoolExecutor(terms.at_once)
        self._choices = CHOICES  # that it gives in one reply, as far as is known
        self._extras: dict[str, Any] = dict(WHOLE_DISTRIBUTION)
        self.at_once = terms.at_once

    @property
    def name(self) -> str:
        return self._address.model

    def identity(self) -> dict[str, str]:
        address = self._address
        found = self._exchange.look_up("/models")
        models = found.get("data") if isinstance(found, dict) else None
        own = [one for one in models or [] if isinstance(one, dict) and one.get("id") == address.model]
        told = {key: one[key] for one in own for key in SELF_DESCRIPTION if one.get(key) is not None}
        asked = "chat" if address.is_chat else "completions"
        return {"server": address.url, "model": address.model, "asked": asked, "told": json.dumps(told, sort_keys=True)}

    def sample(self, prompts: Sequence[Prompt], draw: Draw, *, until: Until) -> list[Answer]:
        """No stop string could tell a step from the answer that belongs to it: a text goes on after what is asked for."""
        size = self._choices
        parts = [range(start, min(start + size, draw.count)) for start in range(0, draw.count, size)]
        asked = [
            self._threads.submit(self._some, prompt, place, draw, part)
            for place, prompt in enumerate(prompts)
            for part in parts
        ]
        found = iter(_all(asked))
        return [_together([next(found) for _ in parts]) for _ in prompts]

    def _some(self, prompt: Prompt, place: int, draw: Draw, wanted: range) -> Answer:
        """Those samples of a prompt, asked for until all are there: some servers give one at a time."""
        seed = Random(json.dumps([draw.seed, place, prompt.problem, *prompt.prefix])).getrandbits(SEED_BITS)
        found: dict[int, Text] = {}
        while missing := [sample for sample in wanted if sample not in found]:
            first = missing[0]
            run = next((more for more, sample in enumerate(missing) if sample != first + more), len(missing))
            run = min(run, self._choices)
            try:
                texts = self._ask(prompt, draw, seed + first, run)
            except PromptTooLong as refusal:
                return refusal
            if run > 1 and len(texts) == 1:
                self._choices = 1
            found.update({first + choice: text for choice, text in texts.items()})
        return [found[sample] for sample in wanted]

    def _ask(self, prompt: Prompt, draw: Draw, seed: int, choices: int) -> dict[int, Text]:
        """Raises GeneratorError."""
        extras, is_chat = self._extras, self._address.is_chat
        body = {
            "model": self._address.model,
            "temperature": draw.temperature,
            "top_p": 1,
            "max_tokens": draw.max_new_tokens,
            "seed": seed,
            **({"n": choices} if choices > 1 else {}),
            **(_chat(prompt) if is_chat else {"prompt": laid_out(prompt.problem, *prompt.prefix)}),
            **extras,
        }
        question = Question(len(json.dumps(body)), choices, draw.max_new_tokens, is_chat)
        try:
            return self._exchange.ask("/chat/completions" if is_chat else "/completions", body, question).texts
        except Refused as refusal:
            if extras and UNKNOWN.search(refusal.said):
                self._extras = {}  # a server that has never heard of them does nothing of the kind
                return self._ask(prompt, draw, seed, choices)
            if is_chat and prompt.prefix:
                raise GeneratorError(
                    f"{refusal} A chat model can go on from steps that are there only where its server knows "
                    "continue_final_message, as vLLM does; else ask it for whole solutions only."
                ) from None
            raise


def laid_out(*texts: str) -> str:
    """As training lays it out: the problem and each step, every one ended by a newline."""
    return "".join(f"{text.strip()}\n" for text in texts)


def _chat(prompt: Prompt) -> dict[str, Any]:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt.problem.strip()}]
    if not prompt.prefix:
        return {"messages": messages}
    begun = {"role": "assistant", "content": laid_out(*prompt.prefix)}
    return {"messages": [*messages, begun], "continue_final_message": True, "add_generation_prompt": False}


def _together(parts: Sequence[Answer]) -> Answer:
    refusal = next((part for part in parts if isinstance(part, PromptTooLong)), None)
    return refusal or [text for part in parts if not isinstance(part, PromptTooLong) for text in part]


def _all(asked: Sequence[Future[Answer]]) -> list[Answer]:
    """The results, or the first error; what was sent by then is waited for, since it is accounted for."""
    wait(asked, return_when=FIRST_EXCEPTION)
    for future in asked:
        future.cancel()
    wait(asked)
    for future in asked:
        if not future.cancelled() and (error := future.exception()):
            raise error
    return [future.result() for future in asked]
