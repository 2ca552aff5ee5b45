import assert from "node:assert/strict";
import test from "node:test";

import { StepTimer } from "../../labeling_ui/static/labeling_ui/js/timer.js";

// A clock by hand, and a person who stirs every `stir` milliseconds; the page ticks every five seconds.
function world() {
  let now = 1_000;
  const timer = new StepTimer({ now: () => now });
  const pass = (ms, { stir = false } = {}) => {
    for (let left = ms; left > 0; left -= 5_000) {
      now += Math.min(5_000, left);
      if (stir) timer.input();
      timer.times();
    }
  };
  const jump = (ms) => (now += ms);
  return { timer, pass, jump };
}

test("time goes to the step at which it was spent", () => {
  const { timer, pass } = world();
  timer.start();
  pass(4_000);
  timer.at(1);
  pass(6_000);
  timer.at(0);
  pass(1_000);
  assert.deepEqual(timer.times(), { total: 11_000, active: 11_000, ms: [5_000, 6_000] });
});

test("ten minutes in a hidden tab add nothing", () => {
  const { timer, pass } = world();
  timer.start();
  pass(3_000);
  timer.see(false);
  pass(600_000);
  timer.see(true);
  timer.input();
  pass(2_000);
  assert.equal(timer.times().total, 5_000);
  assert.equal(timer.times().active, 5_000);
});

test("a person who went away is not active, though the page is visible", () => {
  const { timer, pass } = world();
  timer.start();
  pass(600_000);
  assert.equal(timer.times().total, 600_000);
  assert.equal(timer.times().active, 90_000);
});

test("somebody who stirs now and then is active all the while", () => {
  const { timer, pass } = world();
  timer.start();
  pass(600_000, { stir: true });
  assert.equal(timer.times().active, 600_000);
});

test("a machine that slept adds a few seconds at most", () => {
  const { timer, pass, jump } = world();
  timer.start();
  pass(5_000);
  jump(8 * 3600_000);
  timer.input();
  assert.ok(timer.times().total <= 20_000);
});

test("times of an earlier sitting are kept", () => {
  const { timer, pass } = world();
  timer.start([2_000, 3_000]);
  timer.at(2);
  pass(1_000);
  assert.deepEqual(timer.times(), { total: 6_000, active: 6_000, ms: [2_000, 3_000, 1_000] });
});

test("between solutions no time runs", () => {
  const { timer, pass } = world();
  timer.start();
  pass(1_000);
  timer.stop();
  pass(50_000);
  assert.equal(timer.times().total, 1_000);
});

test("active time is never longer than total time", () => {
  const { timer, pass } = world();
  timer.start();
  pass(200_000, { stir: true });
  timer.see(false);
  pass(1_000);
  const { total, active } = timer.times();
  assert.ok(active <= total);
});
