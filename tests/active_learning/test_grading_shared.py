"""The grader on real data: the published grader's verdicts, MATH, GSM8K, PRM800K and sampled solutions."""

import json

import pytest

from active_learning import grading
from active_learning.grading import Grade, answers_match, extract_answer, grade
from tests.shared_data import shared_lines

pytestmark = pytest.mark.shared_data


@pytest.fixture(autouse=True, scope="module")
def _unhurried_child():
    """Verdicts are the subject here: a slow or busy machine makes no difference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "CPU_SECONDS", 20)
        patch.setattr(grading, "WALL_SECONDS", 60)
        patch.setattr(grading, "PATIENCE_SECONDS", 60)
        grading._stop_child()
        yield
        grading._stop_child()


def rows(name):
    return [json.loads(line) for line in shared_lines(name)]


@pytest.mark.parametrize("group", "ABCDEFGHIJKLM")
def test_every_verdict_of_the_published_grader_is_ours_in_both_orders(group):
    cases = [case for case in rows("grader_cases.jsonl") if case["group"].startswith(group)]
    assert cases
    for case in cases:
        if case["expected"] == "HANG":  # test_grading_process has these
            continue
        assert answers_match(case["given"], case["ground_truth"]) is case["expected"], case
        if case["given"] is not None:
            assert answers_match(case["ground_truth"], case["given"]) is case["expected"], case


def test_every_solution_of_math_yields_its_boxed_answer():
    math = rows("math/MATH_12500.jsonl")
    assert len(math) == 8770
    assert [
        row["unique_id"] for row in math if (extract_answer(row["solution"]) or "") != row["boxed_answer"].strip()
    ] == []
    split = rows("math/prm800k_math_splits_test.jsonl")
    assert [row["unique_id"] for row in split if extract_answer(row["solution"]) != row["answer"]] == []


def test_every_gsm8k_solution_gets_the_verdict_it_came_with():
    for row in rows("samples/gsm8k_example_model_solutions.jsonl"):
        truth = extract_answer(row["ground_truth"])
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            answer = extract_answer(row[model]["solution"])
            assert answers_match(answer, truth) is row[model]["is_correct"], (answer, truth)
            expected = Grade.CORRECT if row[model]["is_correct"] else Grade.WRONG if answer else Grade.UNGRADABLE
            assert grade(answer, truth) == expected, (answer, truth)


def test_every_gsm8k_reference_yields_its_last_line():
    for row in rows("gsm8k/test.jsonl"):
        assert extract_answer(row["answer"]) == row["answer"].rpartition("#### ")[2]


def test_sampled_math_solutions_differ_from_their_scores_only_where_the_score_lost_the_p_m():
    differing = set()
    for row in rows("samples/qwen25math_cot_100x8.jsonl"):
        for text, score in zip(row["code"], row["score"], strict=True):
            answer = extract_answer(text)
            assert answer is not None
            if answers_match(answer, row["answer"]) is not score:
                differing.add((answer, row["answer"]))
    assert differing == {(r"4:30 \text{ p.m.}", r"\text{4:30 p.m.}")}


def prm800k_last_steps():
    for row in rows("prm800k_derived/phase1_train_reconstructed.jsonl"):
        for option in row["label"]["steps"][-1]["completions"] or []:
            yield option["text"], option["rating"], row["question"]["ground_truth_answer"]
    for row in rows("prm800k_derived/prm800k_train_paths_1818.jsonl"):
        yield row["steps"][-1]["text"], row["steps"][-1]["rating"], row["ground_truth_answer"]


def test_every_answer_under_prm800ks_heading_is_found_and_people_agree_with_what_is_called_correct():
    by_people = {Grade.CORRECT: [], Grade.WRONG: [], Grade.AMBIGUOUS: [], Grade.UNGRADABLE: []}
    for text, rating, truth in prm800k_last_steps():
        _, heading, after = text.rpartition("# Answer\n\n")
        if heading:
            plain = after.strip().strip("$.").removeprefix(r"\[").removesuffix(r"\]")
            assert extract_answer(text) in (after.strip(), plain)
            by_people[grade(after, truth)].append(rating)
    assert by_people[Grade.UNGRADABLE] == []
    assert len(by_people[Grade.CORRECT]) == 1000
    assert by_people[Grade.CORRECT].count(1) / 1000 > 0.96
    assert len(by_people[Grade.AMBIGUOUS]) == 45  # 32 of them right, say people: not to be served as wrong answers
    assert by_people[Grade.AMBIGUOUS].count(1) == 32
