import assert from "node:assert/strict";
import test from "node:test";

import { BAD, GREAT, OKAY, begin, endsNeutral, finishReason, firstError, isReadable, kindOf, next, openStep, peekable, ratingsWithTimes } from "../../labeling_ui/static/labeling_ui/js/label_state.js";

function rated(ratings, { count = 6, neutralEnd = true } = {}) {
  return ratings.reduce((state, rating) => next(state, { type: "rate", rating }), begin(count, null, { neutralEnd }));
}

test("a new solution waits for its first step", () => {
  const state = begin(6);
  assert.equal(state.cursor, 0);
  assert.equal(openStep(state), 0);
  assert.equal(finishReason(state), null);
});

test("rating a step moves on to the next", () => {
  const state = rated([GREAT, OKAY]);
  assert.deepEqual(state.ratings, [GREAT, OKAY]);
  assert.equal(state.cursor, 2);
});

test("a step that is not reached cannot be rated", () => {
  const state = rated([GREAT]);
  assert.equal(next(state, { type: "rate", step: 2, rating: GREAT }), state);
  assert.equal(next(state, { type: "rate", step: -1, rating: GREAT }), state);
});

test("an unknown rating changes nothing", () => {
  const state = begin(6);
  for (const rating of [2, 0.5, null, "1"]) assert.equal(next(state, { type: "rate", rating }), state);
});

test("the first Bad ends the solution", () => {
  const state = rated([GREAT, OKAY, BAD]);
  assert.equal(firstError(state), 2);
  assert.equal(openStep(state), null);
  assert.equal(finishReason(state), "found_error");
  assert.equal(next(state, { type: "rate", step: 3, rating: GREAT }), state);
  assert.deepEqual([0, 1, 2, 3, 5].map((step) => kindOf(state, step)), ["rated", "rated", "rated", "after", "after"]);
});

test("the cursor stays on the error that was found", () => {
  assert.equal(rated([GREAT, BAD]).cursor, 1);
});

test("all steps without a Bad make a solution, and not one step less", () => {
  assert.equal(finishReason(rated([1, 1, 0, 1, 0])), null);
  const state = rated([1, 1, 0, 1, 0, 1]);
  assert.equal(finishReason(state), "solution");
  assert.equal(state.cursor, 5);
});

test("making an earlier step Bad drops the ratings behind it", () => {
  const state = next(rated([1, 1, 1, 1, 1]), { type: "rate", step: 1, rating: BAD });
  assert.deepEqual(state.ratings, [1, BAD]);
  assert.equal(firstError(state), 1);
  assert.equal(state.cursor, 1);
});

test("taking the Bad away opens the next step again", () => {
  const state = next(rated([GREAT, BAD]), { type: "rate", rating: OKAY });
  assert.deepEqual(state.ratings, [GREAT, OKAY]);
  assert.equal(openStep(state), 2);
  assert.equal(state.cursor, 2);
});

test("correcting Great to Okay keeps the ratings behind it and returns to the open step", () => {
  const state = next(rated([1, 1, 1]), { type: "rate", step: 0, rating: OKAY });
  assert.deepEqual(state.ratings, [OKAY, 1, 1]);
  assert.equal(state.cursor, 3);
});

test("the cursor walks among reached steps only", () => {
  let state = rated([1, 1]);
  state = next(state, { type: "move", by: 1 });
  assert.equal(state.cursor, 2);
  for (let press = 0; press < 5; press += 1) state = next(state, { type: "move", by: -1 });
  assert.equal(state.cursor, 0);
  assert.equal(next(rated([1, BAD]), { type: "move", by: 1 }).cursor, 1);
});

test("an event leaves the state that it was given as it was", () => {
  const state = rated([1, 1]);
  next(state, { type: "rate", step: 0, rating: BAD });
  assert.deepEqual(state.ratings, [1, 1]);
});

test("a draft is taken up where it was left", () => {
  const draft = { ratings: [{ step: 0, option: 0, rating: 1, ms: 5 }, { step: 1, option: 0, rating: 0, ms: 5 }] };
  const state = begin(6, draft);
  assert.deepEqual(state.ratings, [1, 0]);
  assert.equal(state.cursor, 2);
});

test("of a broken draft only the part that obeys the rules is used", () => {
  const entries = (...pairs) => ({ ratings: pairs.map(([step, rating]) => ({ step, rating })) });
  assert.deepEqual(begin(6, entries([0, 1], [2, 1])).ratings, [1]);
  assert.deepEqual(begin(6, entries([0, 1], [1, -1], [2, 1])).ratings, [1, -1]);
  assert.deepEqual(begin(6, entries([0, 7])).ratings, []);
  assert.deepEqual(begin(1, entries([0, 1], [1, 1])).ratings, [1]);
  assert.deepEqual(begin(6, {}).ratings, []);
});

test("alternatives in a draft are none of the solution's own steps", () => {
  const draft = { ratings: [{ step: 0, option: 0, rating: BAD }, { step: 0, option: 1, rating: GREAT }] };
  assert.deepEqual(begin(6, draft).ratings, [BAD]);
});

test("a solution of one step is one, and its end may be Okay where nobody said otherwise", () => {
  assert.equal(finishReason(next(begin(1), { type: "rate", rating: OKAY })), "solution");
});

test("a step is open when it waits for its rating, and later when those before it do", () => {
  assert.deepEqual([0, 1, 2, 5].map((step) => kindOf(rated([GREAT]), step)), ["rated", "open", "later", "later"]);
});

test("a solution without steps is never finished", () => {
  const state = begin(0);
  assert.equal(state.cursor, 0);
  assert.equal(openStep(state), null);
  assert.equal(finishReason(state), null);
  assert.equal(next(state, { type: "rate", rating: GREAT }), state);
});

test("every rating is kept in the order in which it was given, corrected ones too", () => {
  let state = next(begin(6), { type: "rate", rating: GREAT, ms: 1000.4 });
  state = next(state, { type: "rate", rating: GREAT, ms: 2000 });
  state = next(state, { type: "rate", step: 0, rating: BAD, ms: 2999.6 });
  assert.deepEqual(state.ratings, [BAD]);
  assert.deepEqual(state.edits, [
    { step: 0, option: 0, rating: GREAT, ms: 1000 },
    { step: 1, option: 0, rating: GREAT, ms: 2000 },
    { step: 0, option: 0, rating: BAD, ms: 3000 },
  ]);
});

test("edits of an earlier sitting come first", () => {
  const before = { step: 0, option: 0, rating: OKAY, ms: 7 };
  const state = next(begin(6, { ratings: [{ step: 0, rating: OKAY }], edits: [before] }), { type: "rate", rating: GREAT });
  assert.deepEqual(state.edits, [before, { step: 1, option: 0, rating: GREAT, ms: 0 }]);
});

test("a rating that is refused leaves no edit", () => {
  assert.equal(next(rated([BAD]), { type: "rate", step: 1, rating: GREAT }).edits.length, 1);
});

test("a last step that is Okay ends a solution only where the project says so", () => {
  const two = { count: 2 };
  assert.equal(finishReason(rated([GREAT, OKAY], two)), "solution");
  assert.equal(finishReason(rated([GREAT, OKAY], { ...two, neutralEnd: false })), null);
  assert.equal(finishReason(rated([OKAY, GREAT], { ...two, neutralEnd: false })), "solution");
  assert.equal(finishReason(rated([OKAY, BAD], { ...two, neutralEnd: false })), "found_error");
});

test("an end that is not taken says why, and not a step too early", () => {
  const strict = { count: 2, neutralEnd: false };
  assert.equal(endsNeutral(rated([OKAY], strict)), false);
  assert.equal(endsNeutral(rated([GREAT, GREAT], strict)), false);
  assert.equal(endsNeutral(rated([GREAT, OKAY], strict)), true);
  assert.equal(endsNeutral(rated([GREAT, OKAY], { count: 2 })), false);
});

test("an Okay at the end can be corrected, and ends the solution then", () => {
  const state = next(rated([GREAT, OKAY], { count: 2, neutralEnd: false }), { type: "rate", rating: GREAT });
  assert.deepEqual(state.ratings, [GREAT, GREAT]);
  assert.equal(finishReason(state), "solution");
});

test("reached steps can be focused, others not", () => {
  const state = rated([1, 1]);
  assert.equal(next(state, { type: "focus", step: 0 }).cursor, 0);
  assert.equal(next(state, { type: "focus", step: 3 }), state);
  assert.equal(next(state, { type: "focus", step: 0.5 }), state);
});

test("without reading ahead a step shows only once it is reached", () => {
  const state = rated([1]);
  assert.deepEqual([0, 1, 2].map((step) => isReadable(state, step, "never")), [true, true, false]);
  assert.equal(isReadable(rated([BAD]), 1, "never"), false);
});

test("a project that lets people read ahead shows every step", () => {
  assert.equal(isReadable(rated([1]), 5, "always"), true);
  assert.equal(isReadable(rated([BAD]), 5, "always"), true);
});

test("a peek shows the steps up to the one looked at", () => {
  const state = rated([1]);
  assert.deepEqual([1, 2, 3, 4].map((step) => isReadable(state, step, "peek", 3)), [true, true, true, false]);
});

test("a peek goes one step further each time, and ends with the solution", () => {
  const state = rated([1], { count: 4 });
  assert.equal(peekable(state, "peek"), 2);
  assert.equal(peekable(state, "peek", 2), 3);
  assert.equal(peekable(state, "peek", 3), null);
});

test("a peek of long ago does not hold back one at a later step", () => {
  assert.equal(peekable(rated([1, 1, 1]), "peek", 1), 4);
});

test("there is nothing to peek at behind an error, or where the project says no", () => {
  assert.equal(peekable(rated([BAD]), "peek"), null);
  assert.equal(peekable(rated([1]), "never"), null);
  assert.equal(peekable(rated([1]), "always"), null);
});

test("ratings carry the time of their step in whole milliseconds", () => {
  assert.deepEqual(ratingsWithTimes(rated([1, 0]), { 0: 1000.2, 1: 2000.7, 2: 9 }), [
    { step: 0, option: 0, rating: 1, ms: 1000 },
    { step: 1, option: 0, rating: 0, ms: 2001 },
  ]);
});

test("a step without a measured time counts zero", () => {
  assert.deepEqual(ratingsWithTimes(rated([1]), {}), [{ step: 0, option: 0, rating: 1, ms: 0 }]);
});
