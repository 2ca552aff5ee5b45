import assert from "node:assert/strict";
import test from "node:test";

import { Wait } from "../../labeling_ui/static/labeling_ui/js/wait.js";

// A wait, and how often it was said that it takes a while. pass(ms) lets time go by.
function world(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const told = [];
  const wait = new Wait(() => told.push("it takes a while"));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { wait, told, settle, pass: (ms) => context.mock.timers.tick(ms) };
}

const NEVER = new Promise(() => {});

// An answer that comes when it is told to.
function later() {
  const answer = {};
  answer.promise = new Promise((resolve, reject) => Object.assign(answer, { resolve, reject }));
  return answer;
}

test("what is there, and what comes, is had together", async (context) => {
  const { wait } = world(context);
  const answer = later();
  const answers = wait.for(["a", answer.promise]);
  assert.equal(wait.isOn, true);
  answer.resolve("b");
  assert.deepEqual(await answers, ["a", "b"]);
  assert.equal(wait.isOn, false);
});

test("only a wait that lasts is told of", async (context) => {
  const { wait, told, pass } = world(context);
  await wait.for(["a"]);
  pass(1000);
  assert.deepEqual(told, []);
  wait.for([NEVER]);
  pass(149);
  assert.deepEqual(told, []);
  pass(1);
  assert.deepEqual(told, ["it takes a while"]);
});

test("whoever leaves is told at once, and not that it takes a while", async (context) => {
  const { wait, told, pass } = world(context);
  const answers = wait.for([NEVER]);
  wait.leave();
  assert.equal(wait.isOn, false);
  assert.equal(await answers, null);
  pass(1000);
  assert.deepEqual(told, []);
});

test("an answer that is there when somebody leaves changes nothing", async (context) => {
  const { wait } = world(context);
  const answer = later();
  const answers = wait.for([answer.promise]);
  answer.resolve("a");
  wait.leave();
  assert.equal(await answers, null);
});

test("who waits anew has left the wait before", async (context) => {
  const { wait, settle } = world(context);
  const [first, second] = [wait.for([NEVER]), wait.for([later().promise, NEVER])];
  assert.equal(await first, null);
  await settle();
  assert.equal(wait.isOn, true);
  wait.leave();
  assert.equal(await second, null);
});

test("an answer that fails ends the wait, and is the caller's", async (context) => {
  const { wait } = world(context);
  await assert.rejects(wait.for([Promise.reject(new Error("gone"))]), /gone/);
  assert.equal(wait.isOn, false);
});

test("nobody has to wait to leave", (context) => {
  const { wait } = world(context);
  assert.doesNotThrow(() => wait.leave());
});
