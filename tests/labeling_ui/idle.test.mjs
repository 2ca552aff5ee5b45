import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Slices } from "../../labeling_ui/static/labeling_ui/js/slices.js";
import { whenIdle } from "../../labeling_ui/static/labeling_ui/js/idle.js";

afterEach(() => ["requestIdleCallback", "requestAnimationFrame"].forEach((name) => delete globalThis[name]));

test("the browser chooses the moment where it can, and not too late a one", () => {
  const asked = [];
  globalThis.requestIdleCallback = (act, options) => asked.push({ act, options });
  let done = 0;
  whenIdle(() => (done += 1), { timeout: 700 });
  assert.equal(done, 0);
  assert.deepEqual(asked[0].options, { timeout: 700 });
  asked[0].act({ didTimeout: false });
  assert.equal(done, 1);
});

test("a browser that cannot choose gives the next moment", async () => {
  assert.equal(globalThis.requestIdleCallback, undefined);
  let done = 0;
  whenIdle(() => (done += 1), { timeout: 700 });
  assert.equal(done, 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(done, 1);
});

test("slices come in such a browser too", async () => {
  globalThis.requestAnimationFrame = (act) => setTimeout(act);
  let done = 0;
  new Slices().add({ isInPage: true, weight: 5_000, do: () => (done += 1) });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(done, 1);
});
