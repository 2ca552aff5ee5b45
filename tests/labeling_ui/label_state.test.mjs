import assert from "node:assert/strict";
import test from "node:test";

import { BAD, GREAT, OKAY, begin, finishReason, firstError, isReadable, kindOf, label, next, openStep, ratingsWithTimes } from "../../labeling_ui/static/labeling_ui/js/label_state.js";

const SIX = ["a", "b", "c", "d", "e", "f"];
const TIMES = { total: 9000.4, active: 8000.6, ms: [1000.2, 2000.7, 3000] };
const ASSIGNMENT = { slot: 7, lease_token: "token", instructions_version: 3, read_ahead: true, problem: { answer: "5" } };

function rated(ratings, steps = SIX) {
  return ratings.reduce((state, rating) => next(state, { type: "rate", rating }), begin(steps));
}

test("a new solution waits for its first step", () => {
  const state = begin(SIX);
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
  const state = begin(SIX);
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
  const state = begin(SIX, draft);
  assert.deepEqual(state.ratings, [1, 0]);
  assert.equal(state.cursor, 2);
});

test("of a broken draft only the part that obeys the rules is used", () => {
  const entries = (...pairs) => ({ ratings: pairs.map(([step, rating]) => ({ step, rating })) });
  assert.deepEqual(begin(SIX, entries([0, 1], [2, 1])).ratings, [1]);
  assert.deepEqual(begin(SIX, entries([0, 1], [1, -1], [2, 1])).ratings, [1, -1]);
  assert.deepEqual(begin(SIX, entries([0, 7])).ratings, []);
  assert.deepEqual(begin(["only"], entries([0, 1], [1, 1])).ratings, [1]);
  assert.deepEqual(begin(SIX, {}).ratings, []);
});

test("a label holds what the server stores, in whole milliseconds", () => {
  const body = label(rated([1, 0, BAD]), ASSIGNMENT, { id: "id", times: TIMES });
  assert.deepEqual(body, {
    id: "id",
    slot: 7,
    lease_token: "token",
    finish_reason: "found_error",
    reason: "",
    ratings: [
      { step: 0, option: 0, rating: 1, ms: 1000 },
      { step: 1, option: 0, rating: 0, ms: 2001 },
      { step: 2, option: 0, rating: -1, ms: 3000 },
    ],
    total_time_ms: 9000,
    active_ms: 8001,
    instructions_version: 3,
    shown: { answer: true, read_ahead: true },
  });
});

test("rounding never makes the active time longer than the total", () => {
  const body = label(rated([BAD]), ASSIGNMENT, { id: "id", times: { total: 10.4999999, active: 10.5, ms: [] } });
  assert.ok(body.active_ms <= body.total_time_ms);
});

test("an unfinished solution makes no label", () => {
  assert.throws(() => label(rated([1]), ASSIGNMENT, { id: "id", times: TIMES }));
});

test("giving up keeps the ratings so far and needs a reason", () => {
  const give = (text) => label(rated([1]), ASSIGNMENT, { id: "id", times: TIMES, finish: { reason: "give_up", text } });
  assert.equal(give(" too hard ").finish_reason, "give_up");
  assert.equal(give(" too hard ").reason, "too hard");
  assert.equal(give("x").ratings.length, 1);
  assert.throws(() => give("   "));
});

test("a bad problem may be reported before any rating", () => {
  const body = label(begin(SIX), ASSIGNMENT, { id: "id", times: TIMES, finish: { reason: "bad_problem", text: "no picture" } });
  assert.equal(body.finish_reason, "bad_problem");
  assert.deepEqual(body.ratings, []);
});

test("a label says that no answer was shown where there was none", () => {
  const hidden = { ...ASSIGNMENT, problem: { answer: null }, read_ahead: false };
  assert.deepEqual(label(rated([BAD]), hidden, { id: "id", times: TIMES }).shown, { answer: false, read_ahead: false });
});

test("without reading ahead a step shows only once it is reached", () => {
  const state = rated([1]);
  assert.deepEqual([0, 1, 2].map((step) => isReadable(state, step, false)), [true, true, false]);
  assert.equal(isReadable(state, 5, true), true);
  assert.equal(isReadable(rated([BAD]), 1, false), false);
});

test("a step without a measured time counts zero", () => {
  assert.deepEqual(ratingsWithTimes(rated([1]), []), [{ step: 0, option: 0, rating: 1, ms: 0 }]);
});
