import assert from "node:assert/strict";
import test from "node:test";

import { Drafts, fuller, timesIn } from "../../labeling_ui/static/labeling_ui/js/drafts.js";
import { Outbox } from "../../labeling_ui/static/labeling_ui/js/outbox.js";
import { pageStore } from "../../labeling_ui/static/labeling_ui/js/outbox_store.js";

// A store whose acts wait until they are let go, so that a test sees their order.
function slowStore() {
  const acts = [];
  const store = pageStore();
  const slowly = (name) => (...given) => new Promise((resolve, reject) => acts.push({ name, given, go: () => store[name](...given).then(resolve), fail: () => reject(new Error("full")) }));
  return { acts, store: { all: store.all, put: slowly("put"), remove: slowly("remove") } };
}

function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

test("a draft is on the device, and comes back for its solution only", async () => {
  const drafts = new Drafts(pageStore());
  await drafts.keep({ slot: 7 }, { ratings: [1] });
  assert.deepEqual(await drafts.of({ slot: 7 }), { ratings: [1] });
  assert.equal(await drafts.of({ slot: 8 }), null);
});

test("a correction's draft mixes neither with the solution's own nor with that of another correction", async () => {
  const drafts = new Drafts(pageStore());
  await drafts.keep({ slot: 7, supersedes: null }, "mine");
  await drafts.keep({ slot: 7, supersedes: "one" }, "first correction");
  await drafts.keep({ slot: 7, supersedes: "two" }, "second correction");
  await drafts.remove({ slot: 7, supersedes: "two" });
  assert.equal(await drafts.of({ slot: 7, supersedes: null }), "mine");
  assert.equal(await drafts.of({ slot: 7, supersedes: "one" }), "first correction");
  assert.equal(await drafts.of({ slot: 7, supersedes: "two" }), null);
});

test("a correction that was begun is known, the newest first, and only in its own project", async (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const store = pageStore();
  const drafts = new Drafts(store, "algebra");
  await drafts.keep({ slot: 6, supersedes: null }, "mine");
  assert.equal(await drafts.begun(), null);
  for (const supersedes of ["two", "one"]) {
    context.mock.timers.tick(1);
    await drafts.keep({ slot: 7, supersedes }, "mine");
  }
  const { slot, supersedes } = await drafts.begun();
  assert.deepEqual({ slot, supersedes }, { slot: 7, supersedes: "one" });
  assert.equal((await drafts.begun(["one"])).supersedes, "two", "where the server does not know the newest");
  assert.equal(await new Drafts(store, "geometry").begun(), null);
  await drafts.remove({ slot: 7, supersedes: "one" });
  assert.equal((await drafts.begun()).supersedes, "two");
});

test("of two drafts of one solution the later one stays", async () => {
  const drafts = new Drafts(pageStore());
  drafts.keep({ slot: 7 }, { ratings: [1] });
  drafts.keep({ slot: 7 }, { ratings: [1, 0] });
  assert.deepEqual(await drafts.of({ slot: 7 }), { ratings: [1, 0] });
});

test("a write begins when the one before it has ended", async () => {
  const { acts, store } = slowStore();
  const drafts = new Drafts(store);
  drafts.keep({ slot: 7 }, "first");
  drafts.keep({ slot: 7 }, "second");
  drafts.remove({ slot: 7 });
  await settled();
  assert.deepEqual(acts.map(({ name, given }) => given[0].body ?? name), ["first"]);
  acts[0].go();
  await settled();
  acts[1].go();
  await settled();
  assert.deepEqual(acts.map(({ name, given }) => given[0].body ?? name), ["first", "second", "remove"]);
});

test("a question waits for the writes before it", async () => {
  const { acts, store } = slowStore();
  const drafts = new Drafts(store);
  drafts.keep({ slot: 7 }, "mine");
  const answer = drafts.of({ slot: 7 });
  await settled();
  acts[0].go();
  assert.equal(await answer, "mine");
});

test("a write that the device refuses holds up no later one", async () => {
  const { acts, store } = slowStore();
  const drafts = new Drafts(store);
  const refused = drafts.keep({ slot: 7 }, "first");
  const kept = drafts.keep({ slot: 7 }, "second");
  await settled();
  acts[0].fail();
  assert.equal(await refused, false);
  acts[1].go();
  await kept;
  assert.equal(await drafts.of({ slot: 7 }), "second");
});

test("a removal that fails holds up no later write", async () => {
  const { acts, store } = slowStore();
  const drafts = new Drafts(store);
  const removed = drafts.remove({ slot: 7 });
  drafts.keep({ slot: 7 }, "mine");
  await settled();
  acts[0].fail();
  assert.equal(await removed, undefined);
  acts[1].go();
  assert.equal(await drafts.of({ slot: 7 }), "mine");
});

test("a draft whose label is done is gone", async () => {
  const drafts = new Drafts(pageStore());
  await drafts.keep({ slot: 7 }, "mine");
  await drafts.remove({ slot: 7 });
  assert.equal(await drafts.of({ slot: 7 }), null);
});

test("drafts of long ago are swept out, and neither newer ones nor labels", async () => {
  const store = pageStore();
  const drafts = new Drafts(store);
  await drafts.keep({ slot: 7 }, "old");
  await drafts.keep({ slot: 8 }, "new");
  const [old, fresh] = await store.all();
  await store.put({ ...old, saved: 1_000 });
  await store.put({ ...fresh, saved: 2_000 });
  await store.put({ id: "label", state: "waiting", at: 0, saved: 0 });
  await drafts.sweep(2_000);
  assert.deepEqual((await store.all()).map(({ id }) => id), ["draft:8", "label"]);
});

test("sweeping ends when the last old draft is gone", async () => {
  const { acts, store } = slowStore();
  let isDone = false;
  const swept = new Drafts({ ...store, all: async () => [{ id: "draft:7", state: "draft", saved: 0 }] }).sweep(1).then(() => (isDone = true));
  await settled();
  assert.equal(isDone, false);
  acts[0].go();
  await swept;
});

test("a label of the same name is no draft", async () => {
  const store = pageStore();
  await store.put({ id: "draft:7", state: "waiting", body: "a label" });
  assert.equal(await new Drafts(store).of({ slot: 7 }), null);
});

test("a draft is never sent as a label", async () => {
  const store = pageStore();
  await new Drafts(store).keep({ slot: 7 }, { slot: 7 });
  const outbox = new Outbox({ store, send: async () => assert.fail("sent") });
  await outbox.flush();
  assert.deepEqual(await outbox.entries(), { waiting: [], attention: [] });
  assert.equal(outbox.isHolding, false);
});

test("of two drafts the one in which more was done counts", () => {
  const little = { edits: [1] };
  const much = { edits: [1, 2] };
  assert.equal(fuller(little, much), much);
  assert.equal(fuller(much, little), much);
});

test("of two that are equally full the first counts, which is the one on this device", () => {
  const [here, there] = [{ edits: [1] }, { edits: [2] }];
  assert.equal(fuller(here, there), here);
});

test("a draft without edits is the emptiest", () => {
  const [old, fresh] = [{ ratings: [1, 1] }, { edits: [1] }];
  assert.equal(fuller(old, fresh), fresh);
  assert.equal(fuller(fresh, old), fresh);
  assert.equal(fuller(old, { ratings: [] }), old);
});

test("where there is one draft it counts, and where there is none there is none", () => {
  const draft = { edits: [] };
  assert.equal(fuller(draft, null), draft);
  assert.equal(fuller(null, draft), draft);
  assert.equal(fuller(null, undefined), null);
});

test("the time of a step is that of its own option, and each place has its own", () => {
  const draft = { ratings: [{ step: 0, ms: 800 }, { step: 1, option: 0 }, { step: 1, option: 1, ms: 300 }] };
  assert.deepEqual(timesIn(draft), { 0: 800, "0:0": 800, 1: 0, "1:0": 0, "1:1": 300 });
  assert.deepEqual(timesIn(null), {});
  assert.deepEqual(timesIn({}), {});
});
