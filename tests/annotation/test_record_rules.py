"""Each rule of the format is broken by one small change of a sound record, and by no other rule's change."""

import pytest

from active_learning.records import parse_line
from annotation.services.record_rules import RULES, broken_rule
from tests.annotation.test_importing_labels import PHASE_2, STEPS, line, option, step

FIRST, ERROR = PHASE_2
GOOD_END = step(option(STEPS[1], 1, None))
WRITTEN = {"text": "I say 2.", "rating": None, "source": "human", "flagged": False}

SOUND = {
    "an error at the last step": line(steps=PHASE_2),
    "an error at the first step": line(steps=[step(option(STEPS[0], -1, None), chosen=None)]),
    "a whole solution": line(steps=[FIRST, GOOD_END], finish_reason="solution"),
    "a give-up in the middle": line(steps=[FIRST], finish_reason="give_up"),
    "a bad problem at once": line(steps=[], finish_reason="bad_problem"),
    "a screening record": line(steps=PHASE_2, generation=-1, is_initial_screening_question=True),
    "phase 1 to the end": line(
        phase=1, finish_reason="solution", steps=[step(option("Bad.", -1), chosen=None, human=WRITTEN), GOOD_END]
    ),
    "phase 1 given up at an empty step": line(
        phase=1, finish_reason="give_up", steps=[FIRST, {**step(chosen=None), "completions": None}]
    ),
    "an error that a person found in phase 1": line(
        phase=1, steps=[step(option("Fine.", 1), option("Bad.", -1), chosen=None)]
    ),
}

BROKEN = {
    "found_error ends at a step rated -1": [
        line(steps=[]),
        line(steps=[FIRST]),
        line(steps=[FIRST, step(option(STEPS[1], 0, None), option("Bad.", -1), chosen=None)]),
        line(phase=1, steps=[step(option("Bad.", -1), chosen=None, human=WRITTEN)]),
    ],
    "solution goes on to the last step": [
        line(steps=[], finish_reason="solution"),
        line(steps=[FIRST], finish_reason="solution"),
        line(steps=PHASE_2, finish_reason="solution"),
    ],
    "no chosen step is rated -1": [line(steps=[step(option(STEPS[0], -1, None))], finish_reason="give_up")],
    "every step before the last goes on": [
        line(phase=1, finish_reason="give_up", steps=[step(option("Hm.", 1), chosen=None), FIRST])
    ],
    "phase 2 rates the pre-generated steps in order": [
        line(steps=[step(option("Other.", 1, None))], finish_reason="give_up"),
        line(steps=[FIRST, GOOD_END, FIRST], finish_reason="give_up"),
        line(steps=[step(chosen=None)], finish_reason="give_up"),
    ],
    "phase 2 has alternatives only at the last step": [
        line(steps=[step(option(STEPS[0], 1, None), option("Hm.", 0)), ERROR])
    ],
    "the generation fits: none in phase 1, -1 exactly for screening": [
        line(steps=PHASE_2, generation=None),
        line(steps=PHASE_2, generation=-1),
        line(steps=PHASE_2, is_initial_screening_question=True),
        line(phase=1, steps=[FIRST], finish_reason="give_up", generation=3),
    ],
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_record_breaks_no_rule(name):
    assert broken_rule(parse_line(SOUND[name])) is None


def test_every_rule_has_records_here_that_break_it():
    assert BROKEN.keys() == RULES.keys()


@pytest.mark.parametrize(("rule", "written"), [(rule, one) for rule, lines in BROKEN.items() for one in lines])
def test_a_record_that_breaks_a_rule_is_told_which(rule, written):
    assert broken_rule(parse_line(written)) == rule
