import assert from "node:assert/strict";
import test from "node:test";

import { answer } from "../../labeling_ui/static/labeling_ui/js/api.js";
import { OptionsSource } from "../../labeling_ui/static/labeling_ui/js/options_source.js";

const WRITING = answer(200, { texts: [], is_ready: false });
const WRITTEN = answer(200, { texts: ["x = 1"], is_ready: true });
const A = { slot: 1 };

// A source before a server that gives these answers one by one, and the last one for good. pass(ms) lets time go by.
function world(context, ...answers) {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const asked = [];
  const source = new OptionsSource(async (assignment, step) => {
    asked.push([assignment.slot, step]);
    return answers.length > 1 ? answers.shift() : answers[0];
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms) => {
    await settle();
    context.mock.timers.tick(ms);
    await settle();
  };
  return { source, asked, pass };
}

test("what is written already is there at once", async (context) => {
  const { source, asked } = world(context, WRITTEN);
  assert.deepEqual(await source.of(A, 3), { texts: ["x = 1"] });
  assert.deepEqual(asked, [[1, 3]]);
});

test("an answer that knows nothing of a generator is whole", async (context) => {
  const { source } = world(context, answer(200, { texts: ["wrong sign"] }));
  assert.deepEqual(await source.of(A, 3), { texts: ["wrong sign"] });
});

test("while the generator writes the server is asked again", async (context) => {
  const { source, asked, pass } = world(context, WRITING, WRITING, WRITTEN);
  const found = source.of(A, 3);
  await pass(699);
  assert.equal(asked.length, 1);
  await pass(1);
  assert.equal(asked.length, 2);
  await pass(700);
  assert.deepEqual(await found, { texts: ["x = 1"] });
});

test("what cannot be had now is told at once, for nobody should wait for what can be left out", async (context) => {
  const { source, asked } = world(context, answer(503, null, "2"), answer(409, { detail: "Your time is over." }), answer(401, { detail: "Please sign in." }));
  assert.match((await source.of(A, 3)).trouble, /cannot be reached/);
  assert.deepEqual(await source.of(A, 3), { trouble: "Your time is over." });
  assert.deepEqual(await source.of(A, 3), { trouble: "Please sign in." });
  assert.equal(asked.length, 3);
});

test("after half a minute nobody waits any more", async (context) => {
  const { source, asked, pass } = world(context, WRITING);
  let found = null;
  source.of(A, 3).then((answered) => (found = answered));
  for (let turn = 0; turn < 42; turn += 1) await pass(700);
  assert.equal(found, null);
  await pass(700);
  assert.deepEqual(found, { trouble: "" });
  assert.equal(asked.length, 44);
});

test("a change of mind costs nothing: what was fetched once is kept", async (context) => {
  const { source, asked } = world(context, WRITTEN);
  assert.equal(source.of(A, 3), source.of(A, 3));
  await source.of(A, 4);
  await source.of({ slot: 2 }, 3);
  assert.deepEqual(asked, [[1, 3], [1, 4], [2, 3]]);
});

test("what failed once is asked for afresh", async (context) => {
  const { source } = world(context, answer(404, { detail: "Not here." }), WRITTEN);
  await source.of(A, 3);
  assert.deepEqual(await source.of(A, 3), { texts: ["x = 1"] });
});

test("what is forgotten is asked for afresh", async (context) => {
  const { source, asked } = world(context, WRITTEN);
  await source.of(A, 3);
  source.forget();
  await source.of(A, 3);
  assert.equal(asked.length, 2);
});
