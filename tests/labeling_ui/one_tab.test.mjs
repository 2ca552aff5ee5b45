import assert from "node:assert/strict";
import test from "node:test";

import { OneTab } from "../../labeling_ui/static/labeling_ui/js/one_tab.js";

// The locks of a browser, as far as tabs of ours ask for them: free or held, and stolen from whoever holds one.
function browserLocks() {
  const holders = new Map();
  return {
    request(name, { ifAvailable = false, steal = false }, work) {
      if (ifAvailable && holders.has(name)) return Promise.resolve(work(null));
      if (steal) holders.get(name)?.(new Error("stolen"));
      return new Promise((resolve, reject) => {
        holders.set(name, reject);
        Promise.resolve(work({ name })).then(resolve);
      });
    },
  };
}

function tabs(count, locks = browserLocks()) {
  return Array.from({ length: count }, () => {
    const tab = new OneTab("desk", locks);
    tab.lost = 0;
    tab.addEventListener("lost", () => (tab.lost += 1));
    return tab;
  });
}

function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

test("the first tab works, the second one does not", async () => {
  const [first, second] = tabs(2);
  assert.equal(first.isOurs, false);
  assert.equal(await first.take(), true);
  assert.equal(await second.take(), false);
  assert.deepEqual([first.isOurs, second.isOurs], [true, false]);
});

test("desks of different names do not disturb each other", async () => {
  const locks = browserLocks();
  await new OneTab("algebra", locks).take();
  assert.equal(await new OneTab("geometry", locks).take(), true);
});

test("a tab that takes over works, and the other one is told", async () => {
  const [first, second] = tabs(2);
  await first.take();
  await second.take();
  assert.equal(await second.take({ steal: true }), true);
  await settled();
  assert.deepEqual([first.isOurs, first.lost], [false, 1]);
  assert.deepEqual([second.isOurs, second.lost], [true, 0]);
});

test("what was taken away can be taken back", async () => {
  const [first, second] = tabs(2);
  await first.take();
  await second.take({ steal: true });
  await settled();
  assert.equal(await first.take({ steal: true }), true);
  await settled();
  assert.deepEqual([first.isOurs, second.isOurs, second.lost], [true, false, 1]);
});

test("a tab does not take the desk away from itself", async () => {
  const [tab] = tabs(1);
  await tab.take();
  assert.equal(await tab.take({ steal: true }), true);
  assert.equal(await tab.take(), true);
  await settled();
  assert.deepEqual([tab.isOurs, tab.lost], [true, 0]);
});

test("a browser that refuses to say leaves nobody waiting", async () => {
  const [tab] = tabs(1, { request: () => Promise.reject(new Error("not here")) });
  assert.equal(await tab.take(), false);
  assert.deepEqual([tab.isOurs, tab.lost], [false, 1]);
});

test("a browser without locks lets every tab work", async () => {
  const [first, second] = tabs(2, null);
  assert.equal(await first.take(), true);
  assert.equal(await second.take(), true);
  assert.equal(second.isOurs, true);
});

test("where no locks are given the browser's own are asked", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { locks: browserLocks() }, configurable: true });
  try {
    assert.equal(await new OneTab("desk").take(), true);
    assert.equal(await new OneTab("desk").take(), false);
  } finally {
    delete globalThis.navigator;
    if (before) Object.defineProperty(globalThis, "navigator", before);
  }
});
