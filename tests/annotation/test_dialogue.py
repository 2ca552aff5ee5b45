"""Phase 1: every option is rated, and the solution goes on with one that is drawn among the good ones."""

from collections import Counter

import pytest

from annotation.models import Label, Slot, StepRating
from annotation.services import dialogue, judgements, labeling, queue
from annotation.services.dialogue import Turn
from annotation.services.judgements import Rating
from tests import factories
from tests.annotation.prm800k import exported

pytestmark = pytest.mark.django_db

FINAL = "It is four.\n\n# Answer\n\n4"
PLAIN = ["a", "b", "c", "d"]
CRITICAL = 6.635  # of chi-square with one degree of freedom, at p = .01


@pytest.fixture
def project(db):
    return factories.project(slug="algebra", name="Algebra", phase=1, stall_after=3)


def dialogue_about(labeler, *solutions):
    """A slot that the labeler holds, of a problem whose pool has these solutions."""
    problem = factories.problem(labeler.project, answer="4")
    made = [factories.solution(problem_=problem, steps=list(steps), answer="4") for steps in solutions]
    round_, job = factories.running_round(labeler.project)
    factories.rounds.fill_round(
        round=round_, job=job, version=None, picks=[factories.rounds.Pick(made[0].pk, "random", 1, {})], report={}
    )
    assignment = queue.claim_next(project=labeler.project, by=labeler)
    return assignment, Slot.objects.select_related("solution__problem", "project").get(pk=assignment.slot)


@pytest.fixture
def three_ways(alice):
    """Three first steps: after "x" comes one next step, after "y" two, after "z" the answer."""
    return dialogue_about(alice, ["x", "x1", FINAL], ["y", "y1", FINAL], ["y", "y2", FINAL], ["z", FINAL])


def given(options, **ratings):
    """Ratings by text; what is not named is bad."""
    return [ratings.get(text, -1) for text in options]


def rows(*turns):
    """Turns as they stand in a label."""
    return [
        row
        for step, turn in enumerate(turns)
        for row in [
            *(Rating(step, rating, option=option) for option, rating in enumerate(turn.ratings)),
            *([Rating(step, None, option=len(turn.ratings), text=turn.own)] if turn.own else []),
        ]
    ]


def hand_in(alice, assignment, *turns, finish_reason="solution", **values):
    judgement = factories.judgement((), *rows(*turns), finish_reason=finish_reason, **values)
    return factories.hand_in(alice, assignment, judgement).label


# The draw ------------------------------------------------------------------------------------------------------------


def draws(ratings, texts=PLAIN, *, neutral=True, count=1000):
    return Counter(
        dialogue.draw(slot=slot, step=0, ratings=ratings, texts=texts, neutral=neutral) for slot in range(count)
    )


def test_the_next_step_is_one_of_the_great_options_each_as_likely():
    drawn = draws((1, 0, 1, -1))

    assert drawn.keys() == {0, 2}
    assert sum((count - 500) ** 2 / 500 for count in drawn.values()) < CRITICAL


def test_the_draw_of_one_step_does_not_tell_that_of_the_next():
    pairs = Counter(
        tuple(dialogue.draw(slot=slot, step=step, ratings=(1, 1), texts=PLAIN, neutral=True) for step in (0, 1))
        for slot in range(1000)
    )

    assert len(pairs) == 4
    assert sum((count - 250) ** 2 / 250 for count in pairs.values()) < 11.345  # three degrees of freedom


def test_without_a_great_option_an_okay_one_is_taken():
    drawn = draws((0, -1, 0))

    assert drawn.keys() == {0, 2}
    assert sum((count - 500) ** 2 / 500 for count in drawn.values()) < CRITICAL


@pytest.mark.parametrize(("neutral", "expected"), [(True, {0}), (False, {None})])
def test_whether_an_okay_option_will_do_is_for_the_project_to_say(neutral, expected):
    assert draws((0, -1), neutral=neutral, count=20).keys() == expected


def test_bad_options_are_never_taken():
    assert draws((-1, -1, -1)).keys() == {None}


def test_a_final_answer_that_is_called_great_ends_the_problem_whatever_else_is_great():
    assert draws((1, 1, 1), ["a", FINAL, "b"]).keys() == {1}
    assert draws((1, 0, -1), ["a", FINAL, FINAL]).keys() == {0}
    assert draws((0, 0, -1), ["a", FINAL, "b"]).keys() == {0, 1}


# The walk ------------------------------------------------------------------------------------------------------------


def test_a_dialogue_begins_with_options_and_tells_no_solution(alice, three_ways):
    assignment, slot = three_ways

    position = dialogue.walk(slot=slot, turns=[])

    assert assignment.steps == []
    assert sorted(position.options) == ["x", "y", "z"]
    assert (position.path, position.is_ready, position.is_over) == ([], True, False)
    assert (position.must_write, position.may_write) == (False, False)


def test_a_turn_leads_on_to_the_options_after_the_step_that_was_taken(three_ways):
    _, slot = three_ways
    options = dialogue.walk(slot=slot, turns=[]).options

    position = dialogue.walk(slot=slot, turns=[Turn(given(options, y=1, x=0))])

    assert [(step.text, step.chosen, step.rating) for step in position.path] == [("y", options.index("y"), 1)]
    assert sorted(position.options) == ["y1", "y2"]


@pytest.mark.parametrize("ratings", [[], [1, 1], [1, 1, None], [1, 1, 1, 1], [1, 1, 2]])
def test_every_option_is_rated_before_the_dialogue_goes_on(three_ways, ratings):
    _, slot = three_ways

    with pytest.raises(judgements.IncompleteLabel, match="rate all options"):
        dialogue.walk(slot=slot, turns=[Turn(ratings)])


def test_where_all_options_are_bad_the_labeler_writes_the_step(three_ways):
    _, slot = three_ways

    stuck = dialogue.walk(slot=slot, turns=[Turn([-1, -1, -1])])
    written = dialogue.walk(slot=slot, turns=[Turn([-1, -1, -1], own="Let us count.")])

    assert (stuck.must_write, len(stuck.options), stuck.path) == (True, 3, [])
    assert [(step.text, step.chosen, step.rating) for step in written.path] == [("Let us count.", None, None)]
    assert (written.must_write, written.options, written.is_ready) == (False, [], True)


@pytest.mark.parametrize(("when", "stuck"), [("all_negative", False), ("no_positive", True)])
def test_when_the_labeler_writes_is_a_setting(alice, three_ways, when, stuck):
    _, slot = three_ways
    slot.project.human_step_when = when
    turn = given(dialogue.walk(slot=slot, turns=[]).options, x=0)

    assert dialogue.walk(slot=slot, turns=[Turn(turn)]).must_write == stuck
    if stuck:
        assert dialogue.walk(slot=slot, turns=[Turn(turn, own="Mine.")]).path[0].text == "Mine."
    else:
        with pytest.raises(judgements.IncompleteLabel, match="when no option will do"):
            dialogue.walk(slot=slot, turns=[Turn(turn, own="Mine.")])


@pytest.mark.parametrize(
    ("own", "sentence"), [("  \n", "needs words"), (" x\n", "already"), ("Said before.", "already")]
)
def test_an_own_step_that_says_nothing_new_is_refused(three_ways, own, sentence):
    _, slot = three_ways
    nothing_good = Turn([-1, -1, -1], own="Said before.")
    turns = [nothing_good, Turn([], own=own)] if own == "Said before." else [Turn([-1, -1, -1], own=own)]

    with pytest.raises(judgements.IncompleteLabel, match=sentence):
        dialogue.walk(slot=slot, turns=turns)


def test_after_neutral_steps_in_a_row_the_labeler_may_write_one(alice):
    _, slot = dialogue_about(alice, ["n1", "n2", "n3", "n4", "n5", FINAL])
    neutral = [Turn([0])] * 3

    assert not dialogue.walk(slot=slot, turns=neutral[:2]).may_write
    assert dialogue.walk(slot=slot, turns=neutral).may_write
    assert dialogue.walk(slot=slot, turns=[*neutral, Turn([0], own="Now to the point.")]).path[-1].chosen is None
    assert dialogue.walk(slot=slot, turns=[*neutral, Turn([0])]).path[-1].text == "n4"
    with pytest.raises(judgements.IncompleteLabel, match="when no option will do"):
        dialogue.walk(slot=slot, turns=[*neutral[:2], Turn([0], own="Too early.")])


def test_a_great_step_or_an_own_one_ends_the_stall_and_zero_is_never(alice):
    _, slot = dialogue_about(alice, ["n1", "n2", "n3", "n4", "n5", FINAL])

    assert not dialogue.walk(slot=slot, turns=[Turn([0]), Turn([1]), Turn([0])]).may_write
    assert not dialogue.walk(slot=slot, turns=[Turn([0])] * 3 + [Turn([0], own="Mine.")]).may_write
    slot.project.stall_after = 0
    assert not dialogue.walk(slot=slot, turns=[Turn([0])] * 5).may_write


def test_by_default_six_neutral_steps_are_a_stall():
    assert factories.Project().stall_after == 6


def test_a_final_answer_ends_the_dialogue(three_ways):
    _, slot = three_ways
    options = dialogue.walk(slot=slot, turns=[]).options
    turns = [Turn(given(options, z=1)), Turn([1])]

    over = dialogue.walk(slot=slot, turns=turns)

    assert (over.is_over, over.options, [step.text for step in over.path]) == (True, [], ["z", FINAL])
    with pytest.raises(judgements.IncompleteLabel, match="is over"):
        dialogue.walk(slot=slot, turns=[*turns, Turn([])])


def test_an_own_step_may_be_the_answer(three_ways):
    _, slot = three_ways

    assert dialogue.walk(slot=slot, turns=[Turn([-1, -1, -1], own="So:\n\n# Answer\n\n4")]).is_over


def test_while_the_generator_works_there_is_a_place_but_nothing_to_rate(three_ways):
    _, slot = three_ways
    slot.project.generator = "toy"

    assert not dialogue.walk(slot=slot, turns=[]).is_ready
    with pytest.raises(judgements.IncompleteLabel, match="not there yet"):
        dialogue.walk(slot=slot, turns=[Turn([1, 1, 1])])


# The label -----------------------------------------------------------------------------------------------------------


def test_a_dialogue_is_stored_and_published_with_all_its_options(alice, three_ways):
    assignment, slot = three_ways
    first = dialogue.walk(slot=slot, turns=[]).options
    turns = [Turn(given(first, y=1, x=0)), Turn([-1, -1], own="I count to four."), Turn([], own=FINAL)]

    label = hand_in(alice, assignment, *turns)

    (line,) = exported(alice.project)
    one, two, three = line["label"]["steps"]
    assert (label.phase, label.finish_reason, Slot.objects.get(pk=slot.pk).state) == (1, "solution", "done")
    assert [option["text"] for option in one["completions"]] == first
    assert one["chosen_completion"] == first.index("y")
    assert sorted(option["text"] for option in two["completions"]) == ["y1", "y2"]
    assert two["human_completion"] == {"text": "I count to four.", "rating": None, "source": "human", "flagged": False}
    assert (two["chosen_completion"], three["completions"], three["human_completion"]["text"]) == (None, [], FINAL)


def test_an_option_can_be_flagged_as_unsure(alice, three_ways):
    assignment, slot = three_ways
    options = dialogue.walk(slot=slot, turns=[]).options
    ratings = [Rating(0, rating, option=place, flagged=place == 0) for place, rating in enumerate(given(options, z=1))]
    judgement = factories.judgement((), *ratings, Rating(1, 1))

    factories.hand_in(alice, assignment, judgement)

    (line,) = exported(alice.project)
    assert [option["flagged"] for option in line["label"]["steps"][0]["completions"]] == [True, False, False]


def test_giving_up_keeps_the_whole_turns_and_ends_with_an_empty_step(alice, three_ways):
    assignment, slot = three_ways
    options = dialogue.walk(slot=slot, turns=[]).options

    hand_in(alice, assignment, Turn(given(options, y=1)), finish_reason="give_up", reason="Too hard.")

    (line,) = exported(alice.project)
    assert len(line["label"]["steps"]) == 2
    assert line["label"]["steps"][1] == {"completions": None, "human_completion": None, "chosen_completion": None}


def test_giving_up_at_once_and_a_bad_problem_make_sound_lines_too(alice):
    for reason, steps in [("give_up", 1), ("bad_problem", 0)]:
        assignment, _ = dialogue_about(alice, ["x", FINAL])
        hand_in(alice, assignment, finish_reason=reason, reason="It asks nothing.")
        assert len(exported(alice.project)[-1]["label"]["steps"]) == steps


@pytest.mark.parametrize("reason", ["solution", "found_error"])
def test_ratings_that_lead_nowhere_do_not_end_a_label(alice, three_ways, reason):
    assignment, _ = three_ways

    with pytest.raises(judgements.IncompleteLabel, match="nothing to go on with"):
        hand_in(alice, assignment, Turn([-1, -1, -1]), finish_reason=reason, reason="Why not.")


@pytest.mark.parametrize("reason", ["give_up", "bad_problem"])
def test_who_stops_where_nothing_will_do_keeps_the_turns_before_and_has_the_last_among_the_edits(
    alice, three_ways, reason
):
    assignment, slot = three_ways
    turns = [Turn(given(dialogue.walk(slot=slot, turns=[]).options, y=1)), Turn([-1, -1])]
    edits = [{"step": 1, "option": option, "rating": -1, "ms": 0} for option in (0, 1)]

    label = hand_in(alice, assignment, *turns, finish_reason=reason, reason="Why not.", edits=edits)

    assert set(StepRating.objects.values_list("step", flat=True)) == {0}
    assert label.edits == edits
    (line,) = exported(alice.project)
    tail = [{"completions": None, "human_completion": None, "chosen_completion": None}] if reason == "give_up" else []
    assert line["label"]["steps"][1:] == tail


@pytest.mark.parametrize("reason", ["give_up", "bad_problem"])
def test_only_the_last_turn_may_lead_nowhere(alice, three_ways, reason):
    assignment, _ = three_ways

    with pytest.raises(judgements.IncompleteLabel, match="nothing to go on with"):
        hand_in(alice, assignment, Turn([-1, -1, -1]), Turn([1]), finish_reason=reason, reason="Why not.")


@pytest.mark.parametrize(
    ("reason", "sentence"), [("solution", "gives the final answer"), ("found_error", "does not end at an error")]
)
def test_a_dialogue_without_its_answer_is_not_finished(alice, three_ways, reason, sentence):
    assignment, slot = three_ways
    options = dialogue.walk(slot=slot, turns=[]).options

    with pytest.raises(judgements.IncompleteLabel, match=sentence):
        hand_in(alice, assignment, Turn(given(options, y=1)), finish_reason=reason)

    assert not Label.objects.exists()


def test_nobody_can_choose_the_way_by_saying_another_step_was_drawn(alice, three_ways):
    assignment, slot = three_ways
    options = dialogue.walk(slot=slot, turns=[]).options
    both = Turn(given(options, x=1, y=1))
    drawn = dialogue.walk(slot=slot, turns=[both]).path[0].text
    as_if_the_other = Turn([1]) if drawn == "y" else Turn([1, 1])

    with pytest.raises(judgements.IncompleteLabel, match="rate all options"):
        hand_in(alice, assignment, both, as_if_the_other, Turn([1]))
    hand_in(alice, assignment, both, Turn([1, 1] if drawn == "y" else [1]), Turn([1]))

    chosen = StepRating.objects.filter(chosen=True).order_by("step").values_list("text", flat=True)
    assert chosen[0] == drawn
    assert chosen[1].startswith(drawn)


@pytest.mark.parametrize(
    "ratings",
    [
        [Rating(1, 1)],
        [Rating(0, 1, option=1), Rating(0, -1, option=0), Rating(0, -1, option=2)],
        [Rating(0, -1, option=n) for n in range(3)] + [Rating(0, None, 3, text="a"), Rating(0, None, 4, text="b")],
    ],
)
def test_steps_and_options_come_in_order(alice, three_ways, ratings):
    assignment, _ = three_ways

    with pytest.raises(judgements.IncompleteLabel, match="in order"):
        factories.hand_in(alice, assignment, factories.judgement((), *ratings, finish_reason="solution"))


@pytest.mark.parametrize("own", [Rating(0, 1, option=3, text="Mine."), Rating(0, None, option=0, text="Mine.")])
def test_an_own_step_has_no_rating_and_stands_last(alice, three_ways, own):
    assignment, _ = three_ways
    bad = [Rating(0, -1, option=option) for option in range(3)]

    with pytest.raises(judgements.IncompleteLabel, match="comes after the options"):
        factories.hand_in(alice, assignment, factories.judgement((), *bad, own, finish_reason="solution"))


def test_a_dialogue_of_somebody_else_is_not_walked(alice, bob, three_ways):
    assignment, slot = three_ways

    with pytest.raises(labeling.NotYourSlot):
        labeling.held_slot(project=bob.project, by=bob, slot=slot.pk, lease_token=assignment.lease_token)


def test_a_position_asks_once_for_each_step_and_a_label_no_more(alice, three_ways, django_assert_num_queries):
    assignment, slot = three_ways
    options = dialogue.walk(slot=slot, turns=[]).options
    turns = [Turn(given(options, z=1)), Turn([1])]
    dialogue.walk(slot=slot, turns=turns[:1])

    # the options of the first step · of the second
    with django_assert_num_queries(2):
        dialogue.walk(slot=slot, turns=turns[:1])
    # as in phase 2 (see test_labeling), with the two sets of options instead of nothing, and nothing else in the queue:
    # savepoint · lock · lease, replay? · options · options · label and all · release; savepoint · renew · release · rules ·
    # is gold due · savepoint · claim · release · waiting? · expired? · set aside for others? · renew; done today
    with django_assert_num_queries(20):
        hand_in(alice, assignment, *turns)
