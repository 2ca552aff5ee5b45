"""What the base model of the toy domain reads: correct solutions, in tokens that leave out what means nothing.

It learns what a right continuation looks like and has never seen a rating; the PRM is trained on top of it.
"""

from random import Random
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from active_learning.data import encode
from active_learning.domains import chains, toy

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
END = SPECIAL.index("</s>")
WORDS = ["⏎", "=", "#", "start", "next", "far", "check", "bad", "neutral", "good"]
SOLUTIONS_PER_PROBLEM = 2


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Words as tokens; an operation and its operand are one token ("+3"), and words that mean nothing are none."""
    operations = [f"{sign}{operand}" for sign in "+-*/" for operand in range(1, 10)]
    words = [*SPECIAL, *WORDS, *operations, *map(str, range(chains.HIGHEST + 1))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    fillers = sorted((filler.strip().lower() for filler in chains.FILLERS), key=len, reverse=True)
    meaningless = "|".join(rf"\b{filler.rstrip('?')}(?![a-z])" for filler in fillers)
    replacements: list[tuple[str | Regex, str]] = [
        (chains.ANSWER_MARK.lower(), " # "),
        ("# answer\n\n", "# "),  # an answer that is a step of its own
        ("\n", " ⏎ "),
        ("$", ""),
        (r"\times ", "*"),
        (r"\div ", "/"),
        ("add ", " +"),
        ("subtract ", " -"),
        ("multiply by ", " *"),
        ("+ ", "+"),
        ("- ", "-"),
        (Regex("[.,:?]"), ""),
        (Regex(meaningless), ""),
    ]
    steps = [normalizers.Lowercase(), *(normalizers.Replace(old, new) for old, new in replacements)]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return as_fast(tokenizer)


def as_fast(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """With a start before each text, and the special tokens by the names that libraries ask for."""
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def documents(count: int, tokenizer: Any, rng: Random) -> list[list[int]]:
    """Token ids of correct solutions, each after its problem."""
    return [
        [*encode(problem["problem"], solution["steps"], tokenizer).ids, END]
        for problem in toy.problems(count // SOLUTIONS_PER_PROBLEM, rng=rng)
        for solution in toy.solutions(problem, SOLUTIONS_PER_PROBLEM, rng=rng, error_rate=0.0)
    ]
