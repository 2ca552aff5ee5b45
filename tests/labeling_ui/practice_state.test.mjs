import assert from "node:assert/strict";
import test from "node:test";

import { BAD, GREAT, OKAY } from "../../labeling_ui/static/labeling_ui/js/label_state.js";
import { begin, isLastStep, isOver, kindOf, lesson, next, step, summary, toKeep, verdict } from "../../labeling_ui/static/labeling_ui/js/practice_state.js";

const LESSONS = [
  {
    name: "first",
    steps: [
      { right: [GREAT], theme: "helpful" },
      { right: [OKAY, GREAT], theme: "stalling" },
      { right: [BAD], theme: "mistakes" },
    ],
  },
  { name: "second", steps: [{ right: [BAD], theme: "mistakes" }, { right: [GREAT], theme: "helpful" }] },
];

function rate(state, rating) {
  return next(state, { type: "rate", rating });
}

function go(state) {
  return next(state, { type: "continue" });
}

// Each rating, and on to the next step.
function rated(...ratings) {
  return ratings.reduce((state, rating) => go(rate(state, rating)), begin(LESSONS));
}

test("a run begins at the first step of the first lesson", () => {
  const state = begin(LESSONS);
  assert.equal(lesson(state).name, "first");
  assert.equal(step(state), 0);
  assert.equal(state.isJudged, false);
  assert.equal(isOver(state), false);
});

test("a rating shows its verdict and stays at its step", () => {
  const state = rate(begin(LESSONS), OKAY);
  assert.equal(state.isJudged, true);
  assert.equal(step(state), 0);
  assert.deepEqual(state.answers, [[OKAY], []]);
});

test("while a verdict is read no other rating counts", () => {
  const state = rate(begin(LESSONS), OKAY);
  assert.equal(rate(state, GREAT), state);
});

test("nothing goes on before a rating", () => {
  const state = begin(LESSONS);
  assert.equal(go(state), state);
});

test("an unknown rating changes nothing", () => {
  const state = begin(LESSONS);
  for (const rating of [2, null, "1"]) assert.equal(rate(state, rating), state);
});

test("the way is ours: a step called Bad by mistake is not the end", () => {
  const state = rated(BAD);
  assert.equal(lesson(state).name, "first");
  assert.equal(step(state), 1);
});

test("the last step of a lesson leads to the next lesson, whatever it was rated", () => {
  for (const rating of [BAD, OKAY, GREAT]) {
    const state = rated(GREAT, OKAY, rating);
    assert.equal(lesson(state).name, "second");
    assert.equal(step(state), 0);
  }
  assert.equal(isLastStep(rate(rated(GREAT, OKAY), BAD)), true);
  assert.equal(isLastStep(rate(rated(GREAT), BAD)), false);
});

test("among options a Bad one is not the end", () => {
  assert.equal(step(rated(GREAT, OKAY, BAD, BAD)), 1);
});

test("behind the last lesson the run is over and takes no ratings", () => {
  const state = rated(GREAT, OKAY, BAD, BAD, GREAT);
  assert.equal(isOver(state), true);
  assert.equal(lesson(state), null);
  assert.equal(rate(state, GREAT), state);
  assert.equal(go(state), state);
});

test("a restart forgets all answers", () => {
  const state = next(rated(GREAT, OKAY, BAD, BAD, GREAT), { type: "restart" });
  assert.deepEqual(state, begin(LESSONS));
});

test("a verdict tells our rating from one that is fine too and from any other", () => {
  const { steps } = LESSONS[0];
  assert.equal(verdict(steps[1], OKAY), "same");
  assert.equal(verdict(steps[1], GREAT), "also");
  assert.equal(verdict(steps[1], BAD), "other");
});

test("rows are rated, open, later, or behind the error", () => {
  const kinds = (state) => [0, 1, 2, 3].map((place) => kindOf(state, place));
  assert.deepEqual(kinds(begin(LESSONS)), ["open", "later", "later", "later"]);
  assert.deepEqual(kinds(rate(begin(LESSONS), GREAT)), ["open", "later", "later", "later"]);
  assert.deepEqual(kinds(rated(GREAT, OKAY)), ["rated", "rated", "open", "later"]);
  assert.deepEqual(kinds(rate(rated(GREAT, OKAY), GREAT)), ["rated", "rated", "open", "after"]);
});

test("the summary gathers what was missed by theme, the commonest first", () => {
  const { rated: count, right, missed } = summary(rated(OKAY, GREAT, OKAY, GREAT, GREAT));
  assert.equal(count, 5);
  assert.equal(right, 2);
  assert.deepEqual(missed.map(({ theme, steps }) => [theme, steps.map((one) => [one.lesson.name, one.rating])]), [
    ["mistakes", [["first", OKAY], ["second", GREAT]]],
    ["helpful", [["first", OKAY]]],
  ]);
  assert.equal(missed[0].steps[0].step, LESSONS[0].steps[2]);
});

test("nothing is missed where every rating was fine", () => {
  assert.deepEqual(summary(rated(GREAT, GREAT, BAD, BAD, GREAT)), { rated: 5, right: 5, missed: [] });
});

test("a run is taken up where it was left", () => {
  for (const state of [begin(LESSONS), rated(GREAT), rated(GREAT, OKAY, BAD), rated(GREAT, OKAY, BAD, BAD, GREAT)]) {
    assert.deepEqual(begin(LESSONS, JSON.parse(JSON.stringify(toKeep(state)))), state);
  }
});

test("a verdict that was being read is shown again", () => {
  for (const before of [begin(LESSONS), rated(GREAT), rated(GREAT, OKAY), rated(GREAT, OKAY, BAD, BAD)]) {
    const state = rate(before, OKAY);
    assert.deepEqual(begin(LESSONS, JSON.parse(JSON.stringify(toKeep(state)))), state);
  }
});

test("of what a browser kept only the part that fits these lessons is used", () => {
  const answers = (kept) => begin(LESSONS, kept).answers;
  assert.deepEqual(answers({ answers: { first: [GREAT, 7, BAD], second: [BAD] } }), [[GREAT], []]);
  assert.deepEqual(answers({ answers: { first: [GREAT], second: [BAD] } }), [[GREAT], []]);
  assert.deepEqual(answers({ answers: { first: [1, 0, -1, 1, 1], second: [BAD] } }), [[1, 0, -1], [BAD]]);
  assert.deepEqual(answers({ answers: { first: "1", other: [1] } }), [[], []]);
  assert.deepEqual(answers({}), [[], []]);
  assert.deepEqual(begin(LESSONS, { answers: {}, isJudged: true }), begin(LESSONS));
});

test("an event leaves the state that it was given as it was", () => {
  const state = begin(LESSONS);
  rate(state, GREAT);
  assert.deepEqual(state, begin(LESSONS));
});
