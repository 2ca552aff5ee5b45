"""Models and solutions of realistic shape that the measurements of the science work on; nothing is downloaded."""

import statistics
import time

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from active_learning.data import Encoded, Item
from active_learning.model import StepPRM

VOCABULARY = 32_000
LABELS = [10, 11, 12]  # token ids of negative, neutral, positive
NEWLINE = 4
SMALL = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 4}
# Qwen2.5-1.5B.
LARGE = {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28, "num_attention_heads": 12}


def language_model(shape, vocabulary=VOCABULARY, dtype=torch.float32, device="cpu"):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = Qwen2Config(
            vocab_size=vocabulary, num_key_value_heads=2, max_position_embeddings=4096, dtype=dtype, **shape
        )
        with torch.device(device):
            return Qwen2ForCausalLM(config).to(dtype).eval()


def prm_of(model):
    """The PRM that says what the language model says about the three labels."""
    weight = model.get_output_embeddings().weight.data[LABELS]
    head = torch.nn.Linear(weight.shape[1], 3, bias=False, device=weight.device)
    head.weight.data.copy_(weight.float())
    return StepPRM(model.model, head).eval()


def solutions_of(problems, samples, rng):
    """Tokens as MATH has them: problems of 40 to 140, solutions of 4 to 16 steps of 8 to 32, their ends included."""
    found = []
    for _ in range(problems):
        problem = [rng.randrange(20, VOCABULARY) for _ in range(rng.randint(40, 140))]
        for _ in range(samples):
            ids, ends = list(problem), []
            for _ in range(rng.randint(4, 16)):
                ids += [*(rng.randrange(20, VOCABULARY) for _ in range(rng.randint(7, 31))), NEWLINE]
                ends.append(len(ids) - 1)
            found.append(Encoded(ids, ends, len(problem), 1))
    return found


def rated(sequences, rng):
    return [Item(one, tuple(rng.choice((-1, 0, 1)) for _ in one.ends)) for one in sequences]


def tokens_of(sequences):
    return sum(len(one.ids) for one in sequences)


def seconds(act, clock=time.process_time):
    """How long it took, and the result. Processor time by default: on one thread, what else the machine does is left out."""
    start = clock()
    result = act()
    return clock() - start, result


def side_by_side(runs, sides):
    """Run all sides in turn, `runs` times; each side gives (tokens, seconds). Tokens a second of each side."""
    rates = {name: [] for name in sides}
    for run in range(runs):
        for name, side in sides.items():
            tokens, taken = side(run)
            rates[name].append(tokens / taken)
    return {
        name: {"median": round(statistics.median(some)), "runs": list(map(round, some))} for name, some in rates.items()
    }
