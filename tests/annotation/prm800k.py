"""What holds for every published PRM800K line, asserted directly on the JSON; written apart from the code it checks."""

import json
from collections import Counter

from active_learning.records import parse_line
from annotation.models.snapshots import View
from annotation.services.export_views import lines_of_view
from annotation.services.record_rules import broken_rule

COMPLETION, STEP = ["text", "rating", "flagged"], ["completions", "human_completion", "chosen_completion"]
HUMAN = ["text", "rating", "source", "flagged"]
QUESTION = {
    1: ["problem", "ground_truth_answer"],
    2: [
        "problem",
        "ground_truth_solution",
        "ground_truth_answer",
        "pre_generated_steps",
        "pre_generated_answer",
        "pre_generated_verifier_score",
    ],
}
ANSWER = "# Answer"


def exported(project, view=View.RAW):
    """Every line of the view, checked."""
    texts = [line.text for line in lines_of_view(project=project, view=view, excluded=Counter())]
    for text in texts:
        assert_sound(text)
    return [json.loads(text) for text in texts]


def assert_sound(text):
    assert broken_rule(parse_line(text)) is None
    line = json.loads(text)
    question, steps, reason = line["question"], line["label"]["steps"], line["label"]["finish_reason"]
    phase = 2 if "pre_generated_steps" in question else 1
    assert list(question) == QUESTION[phase]
    for step in steps:
        assert list(step) == STEP
        for one in step["completions"] or []:
            assert list(one) == COMPLETION
            assert one["rating"] in (-1, 0, 1)
        assert step["human_completion"] is None or list(step["human_completion"]) == HUMAN
    went_on = [_went_on(step) for step in steps]
    assert all(text is not None for text in went_on[:-1])
    assert -1 not in [_chosen(step)["rating"] for step in steps if _chosen(step)]
    if reason == "solution":
        assert ANSWER in went_on[-1]
    (_phase_1 if phase == 1 else _phase_2)(line, question, steps, reason)


def _phase_1(line, question, steps, reason):
    assert line["generation"] is None
    assert reason in ("solution", "give_up", "bad_problem")
    body = steps[:-1] if reason == "give_up" else steps
    if reason == "give_up":
        assert steps[-1] == {"completions": None, "human_completion": None, "chosen_completion": None}
    for step in body:
        assert all(type(one["flagged"]) is bool for one in step["completions"])
        human = step["human_completion"]
        assert (human is None) != (step["chosen_completion"] is None)
        if human:
            assert human["text"].strip()
            assert (human["rating"], human["source"], type(human["flagged"])) == (None, "human", bool)
        assert ANSWER not in _went_on(step) or step is body[-1]


def _phase_2(line, question, steps, reason):
    assert type(line["generation"]) is int
    assert len(steps) <= len(question["pre_generated_steps"])
    for text, step in zip(question["pre_generated_steps"], steps, strict=False):
        first, *beside = step["completions"]
        assert (first["text"], first["flagged"], step["human_completion"]) == (text, None, None)
        assert all(type(one["flagged"]) is bool for one in beside)
        assert not beside or (step is steps[-1] and reason == "found_error")
    if reason == "found_error":
        assert (steps[-1]["completions"][0]["rating"], steps[-1]["chosen_completion"]) == (-1, None)
    if reason == "solution":
        assert len(steps) == len(question["pre_generated_steps"])


def _chosen(step):
    chosen = step["chosen_completion"]
    return None if chosen is None else step["completions"][chosen]


def _went_on(step):
    chosen = _chosen(step)
    if chosen:
        return chosen["text"]
    return step["human_completion"] and step["human_completion"]["text"]
