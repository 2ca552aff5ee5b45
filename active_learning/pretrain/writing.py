"""What the writer of the toy domain reads: solutions as somebody may have written them down, some of them wrong.

A document is one problem with its solution, or several one after the other, all in one layout: mostly prose on a single
line, as models write that nobody has told otherwise, and otherwise a step a line. Tokens lose nothing: what the writer
writes is text again.
"""

import re
from random import Random
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from active_learning.data import encode_together
from active_learning.domains import chains, toy
from active_learning.pretrain.reading import END, SPECIAL, as_fast

PROSE_SHARE = 0.7  # of the documents
MOST_PROBLEMS = 4  # in a document
ALONE_SHARE = 0.7  # of the steps of training see documents of one problem
ERROR_RATE = 0.06  # of each step; the writer adds the slips of a small model
PROSE_ANSWER = "The answer is: "
PHRASES = (
    *(opening for opening in chains.OPENINGS if opening),
    *chains.CLOSINGS,
    *("Start with $", "We start with $", "So far we have $", "The next instruction is to ", "Check: $", PROSE_ANSWER),
    *(chains.ANSWER_MARK, chains.ANSWER_MARK.lstrip(), "\n", ", then ", ", ", " = ", "$.", "$", ".", " "),
)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Phrases, numbers, and operations with their operand ("add $3$", " + 3") as tokens; decoding joins them again."""
    operations = [
        written
        for sign, verb in chains.VERBS.items()
        for operand in range(1, 10)
        for written in (f"{verb} ${operand}$", f"{verb.lower()} ${operand}$")
    ]
    operations += [f" {sign} {operand}" for sign in chains.SIGNS.values() for operand in range(1, 10)]
    words = [*SPECIAL, *PHRASES, *operations, *map(str, range(chains.HIGHEST + 1))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    pieces = "|".join(re.escape(word) for word in sorted([*PHRASES, *operations], key=len, reverse=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(rf"{pieces}|\d+|."), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return as_fast(tokenizer)


def documents(count: int, tokenizer: Any, rng: Random) -> list[list[int]]:
    """Token ids of documents with so many problems altogether, each document with as many as the others."""
    together = 1 if rng.random() < ALONE_SHARE else rng.randint(2, MOST_PROBLEMS)
    return [_document(together, tokenizer, rng) for _ in range(count // together)]


def _document(problems: int, tokenizer: Any, rng: Random) -> list[int]:
    is_prose = rng.random() < PROSE_SHARE
    solved = [
        (problem["problem"], [in_prose(solution["steps"])] if is_prose else solution["steps"])
        for problem in toy.problems(problems, rng=rng)
        for solution in toy.solutions(problem, 1, rng=rng, error_rate=ERROR_RATE)
    ]
    return [*encode_together(solved, tokenizer), END]


def in_prose(steps: list[str]) -> str:
    """The same solution on one line."""
    *before, (last, _, answer) = [step.partition(chains.ANSWER_MARK) for step in steps]
    return " ".join([*(text for text, _, _ in before), last, f"{PROSE_ANSWER}{answer}"])
