import assert from "node:assert/strict";
import test from "node:test";

import { BreakClock } from "../../labeling_ui/static/labeling_ui/js/break_clock.js";

const MINUTE = 60_000;

function storageWith(text = null) {
  const items = new Map(text === null ? [] : [["stepmark-since-break-7", text]]);
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}

// A clock by hand. work(minutes) is a solution that took so long; `idle` lies before it.
function world({ user = 7, minutes = 25, storage = storageWith() } = {}) {
  let now = 1_000 * MINUTE;
  const rest = new BreakClock({ user, minutes, storage, now: () => now });
  const work = (took, { idle = 0 } = {}) => {
    now += (took + idle) * MINUTE;
    return rest.worked(took * MINUTE);
  };
  const pass = (idle) => (now += idle * MINUTE);
  return { rest, work, pass };
}

test("a break is due when the minutes are worked, and not earlier", () => {
  const { work, rest } = world();
  assert.equal(work(10), false);
  assert.equal(work(14), false);
  assert.equal(rest.minutes, 24);
  assert.equal(work(1), true);
  assert.equal(rest.minutes, 25);
});

test("minutes are told whole", () => {
  const { work, rest } = world();
  work(10.4);
  assert.equal(rest.minutes, 10);
});

test("a break that is not taken stays due", () => {
  const { work } = world();
  assert.equal(work(30), true);
  assert.equal(work(1), true);
});

test("after a break the minutes begin again", () => {
  const { work, rest } = world();
  work(30);
  rest.taken();
  assert.equal(rest.minutes, 0);
  assert.equal(work(10), false);
});

test("who was away for more than ten minutes has had a break", () => {
  const { work, rest } = world();
  work(20);
  assert.equal(work(6, { idle: 11 }), false);
  assert.equal(rest.minutes, 6);
});

test("a shorter time away is no break", () => {
  const { work } = world();
  work(20);
  assert.equal(work(6, { idle: 10 }), true);
});

test("long work on one solution is no time away", () => {
  const { work, rest } = world();
  work(5);
  assert.equal(work(15), false);
  assert.equal(rest.minutes, 20);
});

test("a project without breaks never asks for one", () => {
  const { work } = world({ minutes: 0 });
  assert.equal(work(300), false);
});

test("minutes are counted over pages", () => {
  const storage = storageWith();
  world({ storage }).work(20);
  assert.equal(world({ storage }).work(5), true);
});

test("whoever signs in on the same device has minutes of their own", () => {
  const storage = storageWith();
  world({ storage }).work(20);
  assert.equal(world({ storage, user: 8 }).work(5), false);
  assert.equal(world({ storage }).work(5), true);
});

test("what is stored and cannot be read counts as nothing", () => {
  for (const text of ["not JSON", "null", "{}"]) {
    const { work, rest } = world({ storage: storageWith(text) });
    assert.equal(rest.minutes, 0, text);
    assert.equal(work(10), false, text);
    assert.equal(rest.minutes, 10, text);
  }
});

test("a device that keeps nothing gives no reminders, and no trouble", () => {
  const refuse = () => {
    throw new Error("full");
  };
  const { work, rest } = world({ storage: { getItem: refuse, setItem: refuse } });
  assert.equal(work(10), false);
  assert.equal(work(20), false);
  assert.doesNotThrow(() => rest.taken());
});

test("the clock is that of the machine where no other is given", () => {
  const rest = new BreakClock({ user: 7, minutes: 25, storage: storageWith() });
  assert.equal(rest.worked(25 * MINUTE), true);
  assert.equal(rest.worked(0), true);
});
