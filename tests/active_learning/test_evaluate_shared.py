"""The evaluator on real samples of four GSM8K models and of one MATH model with a reward model's scores."""

import json
from math import comb
from statistics import fmean

import pytest

from active_learning.evaluate import best_of_n
from active_learning.evaluate.curves import Choice
from active_learning.evaluate.report import report
from active_learning.evaluate.samples import orm_score, read_samples
from active_learning.grading import extract_answer
from tests.shared_data import shared_lines

pytestmark = pytest.mark.shared_data

MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def read(tmp_path, rows):
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_samples(path)


@pytest.fixture
def gsm8k(tmp_path):
    lines = [json.loads(line) for line in shared_lines("samples/gsm8k_example_model_solutions.jsonl")]
    return read(
        tmp_path,
        [
            {
                "problem": row["question"],
                "answer": extract_answer(row[model]["solution"]),
                "is_correct": row[model]["is_correct"],
                "generator": model,
                "source": "GSM8K",
            }
            for row in lines
            for model in MODELS
        ],
    )


@pytest.fixture
def math(tmp_path):
    lines = [json.loads(line) for line in shared_lines("samples/qwen25math_cot_100x8.jsonl")]
    return read(
        tmp_path,
        [
            {
                "problem": row["question"],
                "answer": extract_answer(text),
                "is_correct": is_correct,
                "orm_score": reward[0],
                "level": row["level"],
            }
            for row in lines
            for text, is_correct, reward in zip(row["code"], row["score"], row["pred_score"], strict=True)
        ],
    )


def values(found, method):
    return [row["value"] for row in found["best_of_n"][method]]


def test_four_models_on_gsm8k(gsm8k):
    assert [len(pool) for pool in gsm8k] == [4] * 921
    found = report(gsm8k, Choice((1, 2, 4)))
    right = [sum(sample.is_correct for sample in pool) for pool in gsm8k]
    expected = [fmean(1 - comb(4 - c, n) / comb(4, n) for c in right) for n in (1, 2, 4)]
    assert values(found, "pass") == pytest.approx(expected, abs=1e-12)
    assert values(found, "majority")[0] == pytest.approx(expected[0], abs=0.01)
    # With two votes for the truth at least and none left for a pair of equal wrong ones, the majority cannot lose.
    sure = [pool for pool, c in zip(gsm8k, right, strict=True) if c >= 3]
    assert values(report(sure, Choice((4,))), "majority") == [1.0]
    assert [group["problems"] for group in found["quintiles"]] == [185, 184, 184, 184, 184]
    by_quintile = [group["best_of_n"]["pass"][0]["value"] for group in found["quintiles"]]
    assert by_quintile == sorted(by_quintile)
    assert found["sources"]["rows"][0]["problems"] == 921


def test_the_verified_models_are_the_better_choice_of_two(gsm8k):
    """A "score" that knows the generator picks what Cobbe et al. 2021 picked: their 175B verifier's solutions."""
    picked = best_of_n(gsm8k, 4, score=lambda sample: float(sample.generator == "175b_verification"))
    alone = fmean(sample.is_correct for pool in gsm8k for sample in pool if sample.generator == "175b_verification")
    assert picked == pytest.approx(alone, abs=1e-12)


def test_a_reward_model_on_math(math):
    assert [len(pool) for pool in math] == [8] * 72
    found = report(math, Choice((1, 2, 4, 8)))
    best = [max(pool, key=lambda sample: sample.orm_score) for pool in math]
    # No problem has two best samples of different correctness, so that the best of all eight is one of them.
    assert values(found, "orm")[-1] == pytest.approx(fmean(sample.is_correct for sample in best), abs=1e-12)
    assert best_of_n(math, 1, score=orm_score) == pytest.approx(fmean(s.is_correct for pool in math for s in pool))
    assert values(found, "pass")[-1] == fmean(any(sample.is_correct for sample in pool) for pool in math)
    assert sum(row["problems"] for row in found["levels"]["rows"]) == 72
    assert all(one <= other + 1e-12 for one, other in zip(values(found, "orm"), values(found, "pass"), strict=True))
