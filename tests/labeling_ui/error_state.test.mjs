import assert from "node:assert/strict";
import test from "node:test";

import { alternativeRatings, beginError, extensions, missing, needsOwn, nextError, scaleOf, timeKey } from "../../labeling_ui/static/labeling_ui/js/error_state.js";
import { BAD, GREAT, OKAY } from "../../labeling_ui/static/labeling_ui/js/label_state.js";

// Everything that can be asked, for an error in step 2: how far (item 0), two explanations (1, 2), two other steps (3, 4).
const ALL = { points: 3, critiques: ["wrong sign", "no reason"], alternatives: ["x = 1", "x = 2"] };

function after(state, ...events) {
  return events.reduce((before, event) => nextError(before, event), state);
}

function rate(rating, item, ms) {
  return { type: "rate", rating, item, ms };
}

// A draft is what an earlier sitting made of a state.
function draftOf(state, ms = {}) {
  const own = { step: state.step, option: 0, rating: BAD, ms: 0 };
  return { ratings: [own, ...alternativeRatings(state, ms)], extensions: extensions(state) };
}

test("what is asked stands in the order in which a mistake is thought about", () => {
  const { items, step, cursor } = beginError(2, ALL);
  assert.deepEqual(items.map(({ kind }) => kind), ["progress", "critique", "critique", "alternative", "alternative"]);
  assert.deepEqual(items.map(({ text }) => text), ["", "wrong sign", "no reason", "x = 1", "x = 2"]);
  assert.deepEqual([step, cursor], [2, 0]);
});

test("a project asks only what it wants to know", () => {
  assert.deepEqual(beginError(2, { alternatives: ["x"] }).items.map(({ kind }) => kind), ["alternative"]);
  assert.deepEqual(beginError(2, { points: 5 }).items.map(({ kind }) => kind), ["progress"]);
});

test("a project that asks nothing more gets nothing to rate", () => {
  assert.equal(beginError(2, {}), null);
});

test("explanations that nobody wrote yet are asked of the labeler", () => {
  const state = beginError(2, { critiques: [] });
  assert.deepEqual(state.items, []);
  assert.equal(missing(state), "own");
});

test("progress is rated on its points, the rest as a step is", () => {
  const { items } = beginError(2, ALL);
  assert.deepEqual(scaleOf(items[0]), [1, 2, 3]);
  assert.deepEqual(scaleOf(items[1]), [BAD, OKAY, GREAT]);
  assert.deepEqual(scaleOf(items[3]), [BAD, OKAY, GREAT]);
});

test("a rating off its scale changes nothing", () => {
  const state = beginError(2, ALL);
  for (const event of [rate(0, 0), rate(4, 0), rate(3, 1), rate(null, 3), rate(GREAT, 5), rate(GREAT, -1)]) assert.equal(nextError(state, event), state);
});

test("a rating moves on to the first item that is not rated yet", () => {
  const state = after(beginError(2, ALL), rate(GREAT, 3));
  assert.equal(state.items[3].rating, GREAT);
  assert.equal(state.cursor, 0);
  assert.equal(after(state, rate(2)).cursor, 1);
});

test("when all is rated the cursor stays at what was rated last", () => {
  const state = after(beginError(2, ALL), rate(2), rate(BAD), rate(OKAY), rate(GREAT), rate(BAD));
  assert.equal(state.cursor, 4);
  assert.equal(after(state, rate(3, 0)).cursor, 0);
});

test("ratings of other steps are edits of their option, those of progress and explanations are not", () => {
  const state = after(beginError(2, ALL), rate(2, 0, 10), rate(BAD, 1, 20), rate(GREAT, 4, 30.6), rate(OKAY, 4), rate(BAD, 3, 50));
  assert.deepEqual(state.edits, [
    { step: 2, option: 2, rating: GREAT, ms: 31 },
    { step: 2, option: 2, rating: OKAY, ms: 0 },
    { step: 2, option: 1, rating: BAD, ms: 50 },
  ]);
});

test("only another step can be flagged as unsure, and unflagged again", () => {
  const state = beginError(2, ALL);
  assert.equal(nextError(state, { type: "flag" }), state);
  assert.equal(nextError(state, { type: "flag", item: 1 }), state);
  assert.equal(nextError(state, { type: "flag", item: 9 }), state);
  const flagged = nextError(state, { type: "flag", item: 3 });
  assert.equal(flagged.items[3].flagged, true);
  assert.equal(nextError(flagged, { type: "flag", item: 3 }).items[3].flagged, false);
});

test("a flag is no rating", () => {
  const state = after(beginError(2, { alternatives: ["x"] }), { type: "flag" });
  assert.equal(missing(state), "ratings");
});

test("the cursor walks among the items and stops at both ends", () => {
  const state = beginError(2, ALL);
  assert.equal(nextError(state, { type: "move", by: -1 }), state);
  assert.equal(nextError(state, { type: "move", by: 1 }).cursor, 1);
  const last = nextError(state, { type: "focus", item: 4 });
  assert.equal(last.cursor, 4);
  assert.equal(nextError(last, { type: "move", by: 1 }), last);
});

test("everything is rated before the label may go", () => {
  const state = after(beginError(2, ALL), rate(1), rate(GREAT), rate(BAD), rate(BAD));
  assert.equal(missing(state), "ratings");
  assert.equal(missing(after(state, rate(OKAY))), null);
});

test("where no explanation is great one of one's own is needed", () => {
  const state = after(beginError(2, { critiques: ["a", "b"] }), rate(OKAY), rate(BAD));
  assert.equal(needsOwn(state), true);
  assert.equal(missing(state), "own");
  assert.equal(missing(after(state, { type: "own", text: "   " })), "own");
  assert.equal(missing(after(state, { type: "own", text: "It divides by zero." })), null);
  assert.equal(needsOwn(after(state, rate(GREAT, 0))), false);
});

test("a great alternative is no explanation", () => {
  assert.equal(needsOwn(after(beginError(2, { critiques: [], alternatives: ["x"] }), rate(GREAT))), true);
});

test("where no explanations are asked for none of one's own is needed", () => {
  assert.equal(needsOwn(beginError(2, { alternatives: ["x"] })), false);
});

test("other steps go into the label as options after the solution's own", () => {
  const state = after(beginError(2, ALL), rate(GREAT, 3), rate(BAD, 4), { type: "flag", item: 4 });
  assert.deepEqual(alternativeRatings(state, { [timeKey(state, 3)]: 1200.4 }), [
    { step: 2, option: 1, rating: GREAT, flagged: false, ms: 1200 },
    { step: 2, option: 2, rating: BAD, flagged: true, ms: 0 },
  ]);
});

test("the time of another step is kept under its option, that of the rest apart", () => {
  const state = beginError(2, ALL);
  assert.deepEqual([0, 1, 3, 4].map((item) => timeKey(state, item)), ["item-0", "item-1", "2:1", "2:2"]);
  assert.equal(timeKey({ ...state, cursor: 3 }), "2:1");
});

test("times at one error are not those at another", () => {
  const other = { alternatives: ["x"] };
  assert.notEqual(timeKey(beginError(2, other)), timeKey(beginError(3, other)));
});

test("progress and explanations go into the label beside its ratings", () => {
  const state = after(beginError(2, ALL), rate(2), rate(BAD), rate(OKAY), { type: "own", text: " the sign " });
  assert.deepEqual(extensions(state), {
    progress: { points: 3, rating: 2 },
    critiques: { rated: [{ text: "wrong sign", rating: BAD }, { text: "no reason", rating: OKAY }], own: "the sign" },
  });
});

test("what is not rated yet is not told", () => {
  const state = after(beginError(2, ALL), rate(BAD, 1));
  assert.deepEqual(extensions(state), { progress: null, critiques: { rated: [{ text: "wrong sign", rating: BAD }], own: "" } });
});

test("what was not asked is not told", () => {
  assert.deepEqual(extensions(beginError(2, { alternatives: ["x"] })), { progress: null, critiques: null });
});

test("a draft is taken up where it was left", () => {
  const before = after(beginError(2, ALL), rate(2, 0), rate(GREAT, 1), rate(BAD, 3), { type: "flag", item: 3 }, { type: "own", text: "mine" });
  const state = beginError(2, ALL, draftOf(before));
  assert.deepEqual(state.items, before.items);
  assert.equal(state.own, "mine");
  assert.equal(state.cursor, 2);
});

test("a whole draft opens at its first item", () => {
  const whole = after(beginError(2, ALL), rate(2), rate(GREAT), rate(BAD), rate(BAD), rate(BAD));
  const state = beginError(2, ALL, draftOf(whole));
  assert.equal(missing(state), null);
  assert.equal(state.cursor, 0);
});

test("what is asked otherwise now is asked again", () => {
  const before = after(beginError(2, ALL), rate(2, 0), rate(GREAT, 1), rate(BAD, 2), rate(BAD, 3), rate(OKAY, 4));
  const state = beginError(2, { points: 5, critiques: ["wrong sign", "another"], alternatives: ["x = 1", "x = 2", "x = 3"] }, draftOf(before));
  assert.deepEqual(state.items.map(({ rating }) => rating), [null, GREAT, null, BAD, OKAY, null]);
});

test("answers about one step are not answers about another", () => {
  const before = after(beginError(2, ALL), rate(2, 0), rate(GREAT, 1), rate(BAD, 3), { type: "own", text: "mine" });
  assert.deepEqual(beginError(1, ALL, draftOf(before)), beginError(1, ALL));
  assert.deepEqual(beginError(3, ALL, draftOf(before)), beginError(3, ALL));
});

test("a draft from before the error was found asks everything", () => {
  assert.deepEqual(beginError(2, ALL, { ratings: [{ step: 2, option: 0, rating: BAD }] }), beginError(2, ALL));
});

test("of a broken draft nothing is used", () => {
  for (const draft of [null, {}, { ratings: [] }, { extensions: { progress: { points: 3, rating: 2 } } }]) assert.deepEqual(beginError(2, ALL, draft), beginError(2, ALL));
});

test("a draft of a project that asked for nothing but other steps is understood", () => {
  const before = after(beginError(2, { alternatives: ["x = 1"] }), rate(GREAT));
  const state = beginError(2, ALL, draftOf(before));
  assert.deepEqual(state.items.map(({ rating }) => rating), [null, null, null, GREAT, null]);
  assert.equal(state.own, "");
});

test("an event leaves the state that it was given as it was", () => {
  const state = beginError(2, ALL);
  after(state, rate(1, 0), { type: "flag", item: 3 }, { type: "own", text: "mine" });
  assert.deepEqual(state, beginError(2, ALL));
});
