import assert from "node:assert/strict";
import test from "node:test";

import { asked, beginDialogue, canAdvance, dialogueRatings, finalsCalledGreat, isRated, isStalled, nextDialogue, openTurn, timeKeyOf, troubleWithOwn } from "../../labeling_ui/static/labeling_ui/js/dialogue_state.js";
import { BAD, GREAT, OKAY } from "../../labeling_ui/static/labeling_ui/js/label_state.js";

const ADVANCE = { type: "advance" };
const BACK = { type: "back" };
const COMPOSE = { type: "compose" };

// An answer of the server: where the dialogue stands.
function placed(options, more = {}) {
  return { type: "placed", position: { path: [], options, is_ready: true, is_over: false, must_write: false, may_write: false, ...more } };
}

function rate(rating, option) {
  return { type: "rate", rating, option };
}

function own(text) {
  return { type: "own", text };
}

function after(...events) {
  return from(beginDialogue(), ...events);
}

function from(state, ...events) {
  return events.reduce((before, event) => nextDialogue(before, event), state);
}

function step(text) {
  return { text, chosen: 0, rating: GREAT };
}

// The first step is rated and drawn; the second one, with two options, waits.
const SECOND = [placed(["a", "b"]), rate(GREAT), rate(BAD), ADVANCE, placed(["c", "d"], { path: [step("a")] })];
// All options of the first step were refused, and the server says: write one.
const MUST_WRITE = [placed(["a", "b"]), rate(BAD), rate(BAD), ADVANCE, placed(["a", "b"], { must_write: true })];

test("a new dialogue asks the server first", () => {
  const state = beginDialogue();
  assert.equal(state.stage, "asking");
  assert.deepEqual(asked(state), []);
});

test("the options that the server gives wait for their ratings", () => {
  const state = after(placed(["a", "b"]));
  assert.equal(state.stage, "rating");
  assert.deepEqual(state.options, ["a", "b"]);
  assert.deepEqual(state.ratings, [null, null]);
  assert.deepEqual(state.flagged, [false, false]);
  assert.equal(state.cursor, 0);
});

test("while the generator works the dialogue waits, and shows the way so far", () => {
  const state = after(placed([], { is_ready: false, path: [step("a")] }));
  assert.equal(state.stage, "asking");
  assert.deepEqual(state.path, [step("a")]);
  assert.equal(from(state, placed(["c"])).stage, "rating");
});

test("an answer that nobody waits for is dropped", () => {
  const state = after(placed(["a", "b"]));
  assert.equal(from(state, placed(["other"])), state);
});

test("a rating moves on to the next option, and stays when all are rated", () => {
  const state = after(placed(["a", "b", "c"]), rate(OKAY, 1));
  assert.equal(state.cursor, 0);
  assert.equal(from(state, rate(GREAT)).cursor, 2);
  const whole = from(state, rate(GREAT), rate(BAD));
  assert.deepEqual(whole.ratings, [GREAT, OKAY, BAD]);
  assert.equal(whole.cursor, 2);
  assert.equal(from(whole, rate(BAD, 0)).cursor, 0);
});

test("every rating is kept in the order in which it was given, corrected ones too", () => {
  const state = from(after(...SECOND), { ...rate(GREAT, 1), ms: 1000.6 }, { ...rate(BAD, 1), ms: 2000 });
  assert.deepEqual(state.edits.slice(2), [
    { step: 1, option: 1, rating: GREAT, ms: 1001 },
    { step: 1, option: 1, rating: BAD, ms: 2000 },
  ]);
  assert.deepEqual(state.edits[0], { step: 0, option: 0, rating: GREAT, ms: 0 });
});

test("an unknown rating, or one of an option that is not there, changes nothing", () => {
  const state = after(placed(["a", "b"]));
  for (const event of [rate(2, 0), rate(null, 0), rate(GREAT, 2), rate(GREAT, -1)]) assert.equal(from(state, event), state);
});

test("nothing is rated, flagged or focused while the server is asked", () => {
  const state = beginDialogue();
  for (const event of [rate(GREAT, 0), { type: "flag" }, { type: "focus", option: 0 }, COMPOSE, own("x")]) assert.equal(from(state, event), state);
});

test("any option can be flagged as unsure, and unflagged again", () => {
  const state = after(placed(["a", "b"]), { type: "flag", option: 1 });
  assert.deepEqual(state.flagged, [false, true]);
  assert.deepEqual(from(state, { type: "flag", option: 1 }).flagged, [false, false]);
  assert.deepEqual(from(state, { type: "flag" }).flagged, [true, true]);
  assert.equal(from(state, { type: "flag", option: 2 }), state);
});

test("the cursor walks among the options and stops at both ends", () => {
  const state = after(placed(["a", "b"]));
  assert.equal(from(state, { type: "move", by: -1 }), state);
  const last = from(state, { type: "move", by: 1 });
  assert.equal(last.cursor, 1);
  assert.equal(from(last, { type: "move", by: 1 }), last);
  assert.equal(from(last, { type: "focus", option: 0 }).cursor, 0);
});

test("a turn is over when every option is rated, and not one earlier", () => {
  const state = after(placed(["a", "b"]), rate(GREAT));
  assert.equal(isRated(state.ratings), false);
  assert.equal(canAdvance(state), false);
  assert.equal(from(state, ADVANCE), state);
  assert.equal(canAdvance(from(state, rate(BAD))), true);
});

test("a turn that is over goes to the server, and nothing of it stays in front", () => {
  const state = after(placed(["a", "b"]), rate(GREAT), { type: "flag", option: 1 }, rate(BAD), ADVANCE);
  assert.equal(state.stage, "asking");
  assert.deepEqual(asked(state), [{ ratings: [GREAT, BAD], own: "" }]);
  assert.deepEqual([state.options, state.ratings, state.flagged, state.cursor], [[], [], [], 0]);
});

test("a dialogue is over when the server says so", () => {
  const state = after(...SECOND, rate(GREAT), rate(GREAT), ADVANCE, placed([], { is_over: true, path: [step("a"), step("d")] }));
  assert.equal(state.stage, "over");
  assert.deepEqual(state.path, [step("a"), step("d")]);
  assert.equal(canAdvance(state), false);
  assert.equal(from(state, BACK), state);
});

// Steps of one's own --------------------------------------------------------------------------------------------------

test("where no option will do the labeler comes back to that turn, to write the step", () => {
  const state = after(...MUST_WRITE);
  assert.equal(state.stage, "composing");
  assert.equal(state.mustWrite, true);
  assert.deepEqual(state.ratings, [BAD, BAD]);
  assert.deepEqual(state.turns, []);
  const written = from(state, own(" c "), ADVANCE);
  assert.deepEqual(asked(written), [{ ratings: [BAD, BAD], own: "c" }]);
});

test("where there are no options at all the labeler writes the step", () => {
  const state = after(placed([]));
  assert.equal(state.stage, "composing");
  assert.equal(state.mustWrite, true);
  assert.equal(from(state, BACK), state);
  assert.deepEqual(asked(from(state, own("c"), ADVANCE)), [{ ratings: [], own: "c" }]);
});

test("a step of one's own needs words, and words that do not stand there already", () => {
  const state = after(...SECOND, rate(BAD), rate(BAD), ADVANCE, placed(["c", "d "], { must_write: true, path: [step("a")] }));
  for (const [text, trouble] of Object.entries({ "": "empty", "  ": "empty", " d": "duplicate", a: "duplicate", e: null })) {
    const written = from(state, own(text));
    assert.equal(troubleWithOwn(written), trouble, text);
    assert.equal(canAdvance(written), trouble === null, text);
  }
});

test("a stalled dialogue may go on with a step of one's own, once all options are rated", () => {
  const state = after(placed(["a"], { may_write: true }));
  assert.equal(from(state, COMPOSE), state);
  assert.equal(from(state, rate(OKAY), COMPOSE).stage, "composing");
});

test("a stalled dialogue is told from one where the step has to be written", () => {
  assert.equal(isStalled(after(placed(["a"], { may_write: true }))), true);
  assert.equal(isStalled(after(placed(["a"]))), false);
  assert.equal(isStalled(after(placed(["a"], { may_write: true }), rate(OKAY), COMPOSE)), false);
  assert.equal(isStalled(after(...MUST_WRITE, BACK)), false);
});

test("a dialogue that goes well takes no step of one's own", () => {
  const state = after(placed(["a"]), rate(GREAT));
  assert.equal(from(state, COMPOSE), state);
});

test("words are taken only where a step is written", () => {
  const state = after(placed(["a"], { may_write: true }), rate(OKAY));
  assert.equal(from(state, own("x")), state);
  assert.equal(from(state, COMPOSE, own("x")).own, "x");
});

test("who goes back from the own step finds the ratings, and submits those", () => {
  const state = after(placed(["a"], { may_write: true }), rate(OKAY), COMPOSE, own("mine"), BACK);
  assert.equal(state.stage, "rating");
  assert.equal(state.own, "mine");
  assert.deepEqual(asked(from(state, ADVANCE)), [{ ratings: [OKAY], own: "" }]);
});

test("who goes back from the own step and changes nothing may go on writing", () => {
  const state = after(...MUST_WRITE, own("mine"), BACK, COMPOSE);
  assert.equal(state.stage, "composing");
  assert.equal(state.own, "mine");
});

test("ratings that were refused lead back to the step that was begun, and not to the server", () => {
  const state = after(...MUST_WRITE, own("mine"), BACK, ADVANCE);
  assert.equal(state.stage, "composing");
  assert.equal(state.own, "mine");
});

test("ratings that leave nothing to go on with lead back to the step that was begun", () => {
  const state = after(...MUST_WRITE, own("mine"), BACK, ADVANCE);
  assert.deepEqual([state.stage, state.own, state.turns], ["composing", "mine", []]);
});

test("a rating changed instead of writing is for the server to judge", () => {
  const state = after(...MUST_WRITE, own("mine"), BACK, rate(OKAY, 0));
  assert.equal(state.mustWrite, false);
  assert.equal(from(state, COMPOSE), state);
  assert.equal(from(state, ADVANCE).stage, "asking");
});

test("a stalled dialogue stays one when a rating is changed", () => {
  const state = after(placed(["a"], { may_write: true }), rate(OKAY), rate(BAD));
  assert.equal(from(state, COMPOSE).stage, "composing");
});

test("the turn before comes back with its ratings and flags", () => {
  const state = after(placed(["a", "b"]), { type: "flag", option: 1 }, rate(GREAT), rate(BAD), ADVANCE, placed(["c"], { path: [step("a")] }), BACK);
  assert.equal(state.stage, "asking");
  assert.deepEqual([asked(state), state.path], [[], []]);
  const again = from(state, placed(["a", "b"]));
  assert.equal(again.stage, "rating");
  assert.deepEqual([again.ratings, again.flagged], [[GREAT, BAD], [false, true]]);
});

test("only the turn before comes back, and what was pressed stays told", () => {
  const third = after(...SECOND, rate(BAD), rate(GREAT), ADVANCE, placed(["e"], { path: [step("a"), step("d")] }));
  const state = from(third, BACK);
  assert.deepEqual(asked(state), [{ ratings: [GREAT, BAD], own: "" }]);
  assert.deepEqual([state.path, state.ratings], [[step("a")], [BAD, GREAT]]);
  assert.deepEqual(state.edits, third.edits);
});

test("at a later step too only that turn comes back to be written", () => {
  const state = after(...SECOND, rate(BAD), rate(BAD), ADVANCE, placed(["c", "d"], { must_write: true, path: [step("a")] }));
  assert.deepEqual(asked(state), [{ ratings: [GREAT, BAD], own: "" }]);
  assert.deepEqual(asked(from(state, own("e"), ADVANCE))[1], { ratings: [BAD, BAD], own: "e" });
});

test("the turn before comes back with the step that was written", () => {
  const state = after(...MUST_WRITE, own("mine"), ADVANCE, placed(["c"], { path: [{ text: "mine", chosen: null, rating: null }] }), BACK, placed(["a", "b"]));
  assert.equal(state.stage, "composing");
  assert.equal(state.own, "mine");
  assert.deepEqual(asked(from(state, ADVANCE)), [{ ratings: [BAD, BAD], own: "mine" }]);
});

test("a written step that comes back is one that had to be written, except where the dialogue stalled", () => {
  const draft = { open: { ratings: [OKAY], flagged: [false], own: "mine" } };
  assert.equal(from(beginDialogue(draft), placed(["a"])).mustWrite, true);
  assert.equal(from(beginDialogue(draft), placed(["a"], { may_write: true })).mustWrite, false);
});

test("from an own step where nothing was offered the way back leads to the turn before", () => {
  const state = after(placed(["a"]), rate(GREAT), ADVANCE, placed([], { path: [step("a")] }), BACK);
  assert.equal(state.stage, "asking");
  assert.deepEqual(state.ratings, [GREAT]);
});

test("before the first turn there is none, and while the server is asked nobody walks off", () => {
  const state = after(placed(["a"]));
  assert.equal(from(state, BACK), state);
  const asking = from(state, rate(GREAT), ADVANCE);
  assert.equal(from(asking, BACK), asking);
});

test("other options than before are rated afresh", () => {
  const draft = { open: { ratings: [BAD], flagged: [true], own: "mine" } };
  const state = from(beginDialogue(draft), placed(["a", "b"]));
  assert.equal(state.stage, "rating");
  assert.deepEqual([state.ratings, state.flagged], [[null, null], [false, false]]);
});

// Drafts and labels ---------------------------------------------------------------------------------------------------

test("great options that give a final answer are to be confirmed", () => {
  const isFinal = (text) => text.startsWith("Answer");
  const state = after(placed(["Answer 1", "Answer 2", "go on"]), rate(GREAT), rate(OKAY), rate(GREAT));
  assert.deepEqual(finalsCalledGreat(state, isFinal), ["Answer 1"]);
});

test("a label holds every option of every turn, and written steps behind them", () => {
  const state = after(...MUST_WRITE, own("mine"), ADVANCE, placed(["c"]), { type: "flag" }, rate(GREAT), ADVANCE);
  assert.deepEqual(dialogueRatings(state, { [timeKeyOf(0, 1)]: 1200.4, [timeKeyOf(0, 2)]: 5000, [timeKeyOf(1, 0)]: 7 }), [
    { step: 0, option: 0, rating: BAD, flagged: false, ms: 0 },
    { step: 0, option: 1, rating: BAD, flagged: false, ms: 1200 },
    { step: 0, option: 2, rating: null, text: "mine", ms: 5000 },
    { step: 1, option: 0, rating: GREAT, flagged: true, ms: 7 },
  ]);
});

test("a draft brings back every turn, the open one too", () => {
  const before = from(after(...MUST_WRITE, own("mine"), ADVANCE, placed(["c", "d"])), { type: "flag", option: 1 }, rate(OKAY, 1));
  const state = beginDialogue({ ratings: dialogueRatings(before, {}), open: openTurn(before), edits: before.edits });
  assert.deepEqual(state.turns, before.turns);
  assert.deepEqual(state.edits, before.edits);
  const again = from(state, placed(["c", "d"]));
  assert.deepEqual([again.ratings, again.flagged, again.cursor], [[null, OKAY], [false, true], 0]);
});

test("a draft left while writing brings the words back", () => {
  const before = after(...MUST_WRITE, own("half a st"));
  const state = from(beginDialogue({ ratings: [], open: openTurn(before) }), placed(["a", "b"]));
  assert.deepEqual([state.stage, state.own, state.ratings], ["composing", "half a st", [BAD, BAD]]);
});

test("a draft left at the ratings opens at the ratings, though something was written before", () => {
  const before = after(...MUST_WRITE, own("mine"), BACK, rate(GREAT, 0));
  const state = from(beginDialogue({ ratings: [], open: openTurn(before) }), placed(["a", "b"]));
  assert.deepEqual([state.stage, state.own, state.ratings], ["rating", "", [GREAT, BAD]]);
});

test("a finished dialogue is opened again at its last turn", () => {
  const before = after(...SECOND, rate(BAD), rate(GREAT), ADVANCE);
  const state = beginDialogue({ ratings: dialogueRatings(before, {}) }, { reopened: true });
  assert.deepEqual(asked(state), [{ ratings: [GREAT, BAD], own: "" }]);
  assert.deepEqual(from(state, placed(["c", "d"])).ratings, [BAD, GREAT]);
});

test("a label without any turn is opened again at its start", () => {
  assert.deepEqual(beginDialogue({ ratings: [] }, { reopened: true }), beginDialogue());
});

test("ratings without flags are not flagged", () => {
  assert.deepEqual(beginDialogue({ ratings: [{ step: 0, option: 0, rating: GREAT }] }).turns, [{ ratings: [GREAT], flagged: [false], own: "" }]);
});

test("an event leaves the state that it was given as it was", () => {
  const state = after(placed(["a", "b"]));
  const copy = structuredClone(state);
  from(state, rate(GREAT, 0), { type: "flag", option: 1 }, rate(BAD, 1), ADVANCE);
  assert.deepEqual(state, copy);
});
