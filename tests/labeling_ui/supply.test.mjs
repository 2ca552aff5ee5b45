import assert from "node:assert/strict";
import test from "node:test";

import { EMPTY, handedIn, received, renewed } from "../../labeling_ui/static/labeling_ui/js/supply.js";

const A = { slot: 1 };
const B = { slot: 2 };
const C = { slot: 3 };
const NONE = new Set();
const TWO_MINUTES = { leaseMs: 120_000, now: 1_000_000 };
// Five seconds early, for the clock of another machine.
const UNTIL = 1_115_000;

function word(assignment, ahead = null) {
  return { assignment, ahead };
}

test("a first answer brings what is in front, and what comes after it", () => {
  const supply = received(EMPTY, word(A, B), NONE, TWO_MINUTES);
  assert.deepEqual(supply, { current: A, ahead: B, until: UNTIL, lost: false });
});

test("with nothing set aside there is no lease to mind", () => {
  assert.deepEqual(received(EMPTY, word(A), NONE, TWO_MINUTES), { current: A, ahead: null, until: 0, lost: false });
});

test("an empty queue brings nothing, and nothing is lost by it", () => {
  assert.deepEqual(received(EMPTY, word(null), NONE, TWO_MINUTES), { ...EMPTY, lost: false });
});

test("what is worked on stays in front when the server names it again", () => {
  const mine = { ...A, draft: "as it was when it was claimed" };
  const supply = received({ ...EMPTY, current: mine }, word({ ...A, draft: null }, B), NONE, TWO_MINUTES);
  assert.equal(supply.current, mine);
  assert.deepEqual([supply.ahead, supply.lost], [B, false]);
});

test("what went to somebody else stays in front, and the labeler is told", () => {
  const supply = received({ ...EMPTY, current: A }, word(B, C), NONE, TWO_MINUTES);
  assert.deepEqual([supply.current, supply.ahead, supply.lost], [A, B, true]);
});

test("one solution instead of another is enough to tell", () => {
  const supply = received({ ...EMPTY, current: A }, word(B), NONE, TWO_MINUTES);
  assert.deepEqual([supply.current, supply.ahead, supply.lost], [A, B, true]);
});

test("an empty queue says nothing about what is in front", () => {
  const supply = received({ ...EMPTY, current: A }, word(null), NONE, TWO_MINUTES);
  assert.deepEqual([supply.current, supply.lost], [A, false]);
});

test("a solution whose label lies in the outbox is not shown again", () => {
  assert.deepEqual(received(EMPTY, word(A, B), new Set([1]), TWO_MINUTES), { current: B, ahead: null, until: 0, lost: false });
  assert.equal(received(EMPTY, word(A), new Set([1]), TWO_MINUTES).current, null);
});

test("an answer from before the label arrived takes nothing away", () => {
  const onB = { ...EMPTY, current: B };
  assert.deepEqual(received(onB, word(A, B), new Set([1]), TWO_MINUTES), { current: B, ahead: null, until: 0, lost: false });
  assert.equal(received(onB, word(A), new Set([1]), TWO_MINUTES).lost, false);
});

test("after a label the one set aside is in front at once", () => {
  assert.deepEqual(handedIn({ current: A, ahead: B, until: 500 }, 499), { current: B, ahead: null, until: 0 });
});

test("one whose lease ran out is not touched", () => {
  assert.deepEqual(handedIn({ current: A, ahead: B, until: 500 }, 500), EMPTY);
});

test("with nothing set aside a label leaves the desk empty", () => {
  assert.deepEqual(handedIn({ ...EMPTY, current: A }, 0), EMPTY);
});

test("another solution of a problem that was called bad waits for the server's word", () => {
  const of = (slot, text) => ({ slot, problem: { text } });
  const [bad, same, other] = [of(1, "x"), of(2, "x"), of(3, "y")];
  assert.deepEqual(handedIn({ current: bad, ahead: same, until: 500 }, 0, "bad_problem"), EMPTY);
  assert.equal(handedIn({ current: bad, ahead: other, until: 500 }, 0, "bad_problem").current, other);
  assert.equal(handedIn({ current: bad, ahead: same, until: 500 }, 0, "give_up").current, same);
});

test("a heartbeat makes the lease of the one set aside longer", () => {
  const supply = renewed({ current: A, ahead: B, until: 5 }, true, TWO_MINUTES);
  assert.deepEqual(supply, { current: A, ahead: B, until: UNTIL });
});

test("one that a heartbeat did not find is set aside no more", () => {
  assert.deepEqual(renewed({ current: A, ahead: B, until: 5 }, false, TWO_MINUTES), { current: A, ahead: null, until: 0 });
});

test("a heartbeat sets nothing aside by itself", () => {
  assert.deepEqual(renewed({ ...EMPTY, current: A }, true, TWO_MINUTES), { current: A, ahead: null, until: 0 });
});
