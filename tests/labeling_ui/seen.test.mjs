import assert from "node:assert/strict";
import test from "node:test";

import { Seen } from "../../labeling_ui/static/labeling_ui/js/seen.js";

function seenAt({ ms = 0, step = 0 } = {}) {
  const moment = { ms, step };
  return { moment, seen: new Seen({ clock: () => moment.ms, place: () => moment.step }) };
}

function assignment({ answer = "on_demand", read_ahead = "never", guess = "5" } = {}) {
  return { policies: { answer, read_ahead }, problem: { answer: guess } };
}

test("a guess that is hidden is not shown until the labeler asks for it", () => {
  const { seen } = seenAt();
  seen.start(assignment(), null);
  assert.equal(seen.isAnswerShown, false);
  seen.note("answer");
  assert.equal(seen.isAnswerShown, true);
  assert.equal(seen.shown().answer, true);
});

test("a guess that is always there is shown from the start", () => {
  const { seen } = seenAt();
  seen.start(assignment({ answer: "always" }), null);
  assert.equal(seen.isAnswerShown, true);
});

test("where there is no guess none is shown", () => {
  const { seen } = seenAt();
  seen.start(assignment({ answer: "always", guess: null }), null);
  assert.equal(seen.isAnswerShown, false);
});

test("a guess that was looked at in an earlier sitting stays shown", () => {
  const { seen } = seenAt();
  seen.start(assignment(), { shown: { answer: true } });
  assert.equal(seen.isAnswerShown, true);
});

test("what was looked at is told with the step and the time, in whole milliseconds", () => {
  const { moment, seen } = seenAt({ ms: 1000.4, step: 2 });
  seen.start(assignment(), null);
  seen.note("peek");
  Object.assign(moment, { ms: 2000.6, step: 3 });
  seen.note("instructions");
  assert.deepEqual(seen.shown().seen, [
    { what: "peek", step: 2, ms: 1000 },
    { what: "instructions", step: 3, ms: 2001 },
  ]);
  assert.equal(seen.isAnswerShown, false);
});

test("looks of an earlier sitting come first, and its draft is left as it was", () => {
  const { seen } = seenAt({ ms: 9 });
  const before = { what: "peek", step: 0, ms: 5 };
  const draft = { shown: { answer: false, alternatives: 2, seen: [before] } };
  seen.start(assignment(), draft);
  seen.note("answer");
  assert.deepEqual(seen.shown().seen, [before, { what: "answer", step: 0, ms: 9 }]);
  assert.equal(seen.shown().alternatives, 2);
  assert.deepEqual(draft.shown.seen, [before]);
});

test("a label says how far its labeler could read, and how many other steps stood there", () => {
  const { seen } = seenAt();
  seen.start(assignment({ read_ahead: "peek" }), {});
  assert.deepEqual(seen.shown(), { answer: false, read_ahead: "peek", alternatives: 0, seen: [] });
  seen.alternatives = 3;
  assert.equal(seen.shown().alternatives, 3);
});

test("a new solution begins with nothing seen", () => {
  const { seen } = seenAt();
  seen.start(assignment(), null);
  seen.note("answer");
  seen.alternatives = 3;
  seen.start(assignment(), null);
  assert.deepEqual(seen.shown(), { answer: false, read_ahead: "never", alternatives: 0, seen: [] });
});

test("what was told stays as it was told", () => {
  const { seen } = seenAt();
  seen.start(assignment(), null);
  const told = seen.shown();
  seen.note("answer");
  assert.deepEqual([told.answer, told.seen], [false, []]);
});

test("before the first solution there is nothing to look at", () => {
  const { seen } = seenAt();
  seen.note("instructions");
  assert.equal(seen.isAnswerShown, false);
  assert.deepEqual(seen.shown(), {});
});

test("the list of looks has an end, and the guess counts all the same", () => {
  const { seen } = seenAt();
  seen.start(assignment(), null);
  for (let look = 0; look < 1000; look += 1) seen.note("peek");
  seen.note("answer");
  assert.equal(seen.shown().seen.length, 1000);
  assert.equal(seen.shown().answer, true);
});
