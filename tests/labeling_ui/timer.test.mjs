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
  const begin = (times) => {
    timer.start(times);
    timer.at(0);
  };
  return { timer, begin, pass, jump };
}

test("time goes to the place at which it was spent, be it a step or an option", () => {
  const { timer, begin, pass } = world();
  begin();
  pass(4_000);
  timer.at("2:1");
  pass(6_000);
  timer.at(0);
  pass(1_000);
  assert.deepEqual(timer.times(), { total: 11_000, active: 11_000, ms: { 0: 5_000, "2:1": 6_000 } });
});

test("until somebody is at a place of the new solution no time runs", () => {
  const { timer, pass } = world();
  timer.start();
  pass(4_000);
  timer.at(0);
  pass(1_000);
  assert.deepEqual(timer.times(), { total: 1_000, active: 1_000, ms: { 0: 1_000 } });
});

test("a new solution begins without the time of the one before", () => {
  const { timer, begin, pass } = world();
  begin();
  pass(4_000);
  begin();
  assert.deepEqual(timer.times(), { total: 0, active: 0, ms: { 0: 0 } });
});

test("what went by before a change counts for what was before it", () => {
  const changes = {
    at: (timer) => timer.at(1),
    stop: (timer) => timer.stop(),
    see: (timer) => timer.see(false),
  };
  for (const [name, change] of Object.entries(changes)) {
    const { timer, begin, jump } = world();
    begin();
    jump(4_000);
    change(timer);
    assert.equal(timer.times().ms[0], 4_000, name);
  }
});

test("a sign of life is no proof of life before it", () => {
  const { timer, begin, pass, jump } = world();
  begin();
  pass(90_000);
  jump(10_000);
  timer.input();
  assert.deepEqual(timer.times(), { total: 100_000, active: 90_000, ms: { 0: 90_000 } });
});

test("a new solution waits for its place, wherever the one before was left", () => {
  const { timer, begin, pass } = world();
  begin();
  timer.start();
  pass(4_000);
  assert.equal(timer.times().total, 0);
});

test("ten minutes in a hidden tab add nothing", () => {
  const { timer, begin, pass } = world();
  begin();
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
  const { timer, begin, pass } = world();
  begin();
  pass(600_000);
  assert.equal(timer.times().total, 600_000);
  assert.equal(timer.times().active, 90_000);
});

test("somebody who stirs now and then is active all the while", () => {
  const { timer, begin, pass } = world();
  begin();
  pass(600_000, { stir: true });
  assert.equal(timer.times().active, 600_000);
});

test("a machine that slept adds a few seconds at most", () => {
  const { timer, begin, pass, jump } = world();
  begin();
  pass(5_000);
  jump(8 * 3600_000);
  timer.input();
  assert.ok(timer.times().total <= 20_000);
});

test("times of an earlier sitting are kept, and gone on from", () => {
  const { timer, begin, pass } = world();
  const before = { total: 9_000, active: 5_000, ms: { 0: 2_000, 1: 3_000 } };
  begin(before);
  pass(1_000);
  timer.at(2);
  pass(500);
  assert.deepEqual(timer.times(), { total: 10_500, active: 6_500, ms: { 0: 3_000, 1: 3_000, 2: 500 } });
  assert.deepEqual(before.ms, { 0: 2_000, 1: 3_000 });
});

test("an earlier sitting that knows no total was at least as long as it was active", () => {
  const { timer } = world();
  timer.start({ active: 5_000 });
  assert.equal(timer.times().total, 5_000);
});

test("what was read from the timer stays as it was read", () => {
  const { timer, begin, pass } = world();
  begin();
  const { ms } = timer.times();
  pass(1_000);
  assert.deepEqual(ms, { 0: 0 });
});

test("between solutions no time runs", () => {
  const { timer, begin, pass } = world();
  begin();
  pass(1_000);
  timer.stop();
  pass(50_000);
  assert.equal(timer.times().total, 1_000);
});

test("active time is never longer than total time", () => {
  const { timer, begin, pass } = world();
  begin();
  pass(200_000, { stir: true });
  timer.see(false);
  pass(1_000);
  const { total, active } = timer.times();
  assert.ok(active <= total);
});

test("time goes on where it was left when the labeler comes back from elsewhere", () => {
  const { timer, begin, pass } = world();
  begin();
  pass(1_000);
  timer.stop();
  pass(50_000);
  timer.at(0);
  timer.input();
  pass(2_000);
  assert.equal(timer.times().total, 3_000);
});

test("the last sign of life is told", () => {
  const { timer, begin, pass } = world();
  begin();
  pass(7_000);
  assert.equal(timer.sinceInput(), 7_000);
  timer.input();
  assert.equal(timer.sinceInput(), 0);
});

test("a connected timer hears the page: signs of life, and whether it is seen", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  const timer = new StepTimer({ now: () => now });
  const page = Object.assign(new EventTarget(), { hidden: false });
  timer.connect(page);
  timer.start();
  timer.at(0);
  for (const sign of ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "touchstart"]) {
    now += 1_000;
    assert.equal(timer.sinceInput(), 1_000, sign);
    page.dispatchEvent(new Event(sign));
    assert.equal(timer.sinceInput(), 0, sign);
  }
  page.hidden = true;
  page.dispatchEvent(new Event("visibilitychange"));
  now += 10_000;
  assert.equal(timer.times().total, 6_000);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  now += 1_000;
  assert.equal(timer.times().total, 7_000);
  timer.disconnect();
  page.dispatchEvent(new Event("keydown"));
  assert.notEqual(timer.sinceInput(), 0);
});

test("a connected timer looks every five seconds, so that reading counts whole", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  const timer = new StepTimer({ now: () => now });
  timer.connect(Object.assign(new EventTarget(), { hidden: false }));
  timer.start();
  timer.at(0);
  const minute = () => {
    for (let beat = 0; beat < 12; beat += 1) {
      now += 5_000;
      context.mock.timers.tick(5_000);
    }
  };
  minute();
  assert.equal(timer.times().total, 60_000);
  timer.disconnect();
  minute();
  assert.equal(timer.times().total, 75_000);
});

test("a page that opens in the background counts nothing", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  const timer = new StepTimer({ now: () => now });
  timer.connect(Object.assign(new EventTarget(), { hidden: true }));
  timer.start();
  timer.at(0);
  now += 5_000;
  assert.equal(timer.times().total, 0);
  timer.disconnect();
});

test("the clock is that of the page where no other is given", () => {
  const timer = new StepTimer();
  timer.start();
  assert.ok(timer.sinceInput() >= 0);
  assert.doesNotThrow(() => timer.disconnect());
});
