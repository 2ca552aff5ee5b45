import assert from "node:assert/strict";
import test from "node:test";

import { AT_ONCE, MOST, SLICE, Slices } from "../../labeling_ui/static/labeling_ui/js/slices.js";

function slicesAt() {
  const asked = { free: [], idle: [] };
  const slices = new Slices({ whenFree: (act) => asked.free.push(act), whenIdle: (act) => asked.idle.push(act) });
  const next = (what) => () => asked[what].splice(0).forEach((act) => act());
  return { slices, asked, becomesFree: next("free"), isIdle: next("idle") };
}

function works(count, weight, { isInPage = true } = {}) {
  return Array.from({ length: count }, () => ({ isInPage, weight, done: 0, do() { this.done += 1; } }));
}

function done(all) {
  return all.filter((work) => work.done === 1).length;
}

test("what is small is done at once, and only once", () => {
  const { slices, asked } = slicesAt();
  const all = works(10, AT_ONCE / 10);
  all.forEach((work) => slices.add(work));
  assert.equal(done(all), 10);
  assert.equal(asked.idle.length, 0);
});

test("what is beyond waits, and comes a slice at a time", () => {
  const { slices, isIdle } = slicesAt();
  const all = works(20, SLICE / 2);
  all.forEach((work) => slices.add(work));
  const atOnce = done(all);
  assert.equal(atOnce, (2 * AT_ONCE) / SLICE);
  isIdle();
  assert.equal(done(all), atOnce + 2);
  for (let n = 0; n < 20; n += 1) isIdle();
  assert.equal(done(all), 20);
});

test("one that is large by itself is never done at once, and nothing more is weighed beside it", () => {
  const { slices, isIdle } = slicesAt();
  const [large] = works(1, AT_ONCE + 1);
  let weighed = 0;
  const beside = { isInPage: true, get weight() { return (weighed += 1); }, do() {} };
  slices.add(large);
  slices.add(beside);
  assert.deepEqual([large.done, weighed], [0, 0]);
  isIdle();
  assert.equal(large.done, 1);
});

test("a page that was free in between does as much at once again", () => {
  const { slices, becomesFree } = slicesAt();
  const all = works(2, AT_ONCE);
  slices.add(all[0]);
  becomesFree();
  slices.add(all[1]);
  assert.equal(done(all), 2);
});

test("what is only prepared waits until it stands in the page, and holds up nothing that stands there", () => {
  const { slices, isIdle } = slicesAt();
  const [first] = works(1, AT_ONCE);
  const [prepared] = works(1, 1, { isInPage: false });
  const [shown] = works(1, 1);
  [first, prepared, shown].forEach((work) => slices.add(work));
  isIdle();
  assert.deepEqual([prepared.done, shown.done], [0, 1]);
  prepared.isInPage = true;
  slices.wake();
  isIdle();
  assert.equal(prepared.done, 1);
});

test("what has left the page before its turn is not done", () => {
  const { slices, isIdle } = slicesAt();
  const all = works(3, AT_ONCE);
  all.forEach((work) => slices.add(work));
  isIdle();
  all[2].isInPage = false;
  isIdle();
  assert.deepEqual(all.map((work) => work.done), [1, 1, 0]);
});

test("a page that waits for nothing asks for no moment, and one that waits asks once", () => {
  const { slices, asked, isIdle } = slicesAt();
  slices.wake();
  assert.equal(asked.idle.length, 0);
  const all = works(5, AT_ONCE);
  all.forEach((work) => slices.add(work));
  slices.wake();
  assert.equal(asked.idle.length, 1);
  for (let n = 0; n < 5; n += 1) isIdle();
  assert.equal(asked.idle.length, 0);
});

test("solutions that never come are forgotten", () => {
  const { slices, isIdle } = slicesAt();
  const all = works(MOST + 10, AT_ONCE, { isInPage: false });
  all.forEach((work) => slices.add(work));
  isIdle();
  for (const work of all) work.isInPage = true;
  for (let n = 0; n < MOST + 10; n += 1) [slices.wake(), isIdle()];
  assert.equal(done(all), MOST + 1); // the first was done at once
});
