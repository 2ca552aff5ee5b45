import assert from "node:assert/strict";
import test from "node:test";

import { answer } from "../../labeling_ui/static/labeling_ui/js/api.js";
import { Outbox, aloneInBrowser } from "../../labeling_ui/static/labeling_ui/js/outbox.js";
import { localStore } from "../../labeling_ui/static/labeling_ui/js/outbox_store.js";

const OK = answer(201, { replay: false });
const AWAY = answer(503, null, "0");
const SIGNED_OUT = answer(401, { code: "not_signed_in", detail: "Please sign in." });
const REFUSED = answer(422, { code: "id_reused", detail: "Another label with this id is stored." });

function memoryStorage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value), removeItem: (key) => void items.delete(key) };
}

// An outbox before a server that gives these answers, one by one, and then says yes.
function outboxWith(...answers) {
  const sent = [];
  const store = localStore(1, memoryStorage());
  const outbox = new Outbox({
    store,
    random: () => 0,
    send: async ({ id }) => {
      assert.ok((await store.all()).some((entry) => entry.id === id), "sent before it was on the device");
      sent.push(id);
      return answers.shift() ?? OK;
    },
  });
  return { outbox, store, sent };
}

function once(outbox, name) {
  return new Promise((resolve) => outbox.addEventListener(name, ({ detail }) => resolve(detail), { once: true }));
}

// Whatever was begun has gone as far as it goes by itself.
function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

function heard(outbox, name) {
  const details = [];
  outbox.addEventListener(name, ({ detail }) => details.push(detail));
  return details;
}

test("a label lies on the device before it is sent, and is gone after 201", async () => {
  const { outbox, store, sent } = outboxWith();
  const delivered = heard(outbox, "delivered");
  await outbox.add({ id: "a", body: {} });
  await outbox.flush();
  assert.deepEqual(sent, ["a"]);
  assert.deepEqual(await store.all(), []);
  assert.equal(delivered[0].entry.id, "a");
});

test("a label is held from the moment it is handed over, before the device has it", async () => {
  const { outbox } = outboxWith();
  const said = heard(outbox, "change");
  const kept = outbox.add({ id: "a", body: {} });
  assert.equal(outbox.isHolding, true);
  assert.deepEqual(said, [{ waiting: 1, attention: [] }]);
  await kept;
});

test("a label stays while the server is away, and is sent again by itself", async () => {
  const { outbox, store, sent } = outboxWith(AWAY, AWAY);
  await outbox.add({ id: "a" });
  await outbox.flush();
  assert.equal((await store.all()).length, 1);
  assert.equal(outbox.isHolding, true);
  await once(outbox, "delivered");
  assert.ok(sent.length >= 3);
  assert.equal(outbox.isHolding, false);
});

test("the oldest label goes first, and the next waits behind a failing one", async () => {
  const { outbox, sent } = outboxWith(SIGNED_OUT);
  await outbox.add({ id: "a" });
  await outbox.flush();
  await outbox.add({ id: "b" });
  await outbox.flush();
  assert.deepEqual(sent, ["a", "a", "b"]);
});

test("a signed-out person's label is kept and not tried again by a clock", async () => {
  const { outbox, store, sent } = outboxWith(SIGNED_OUT);
  const blocked = heard(outbox, "blocked");
  await outbox.add({ id: "a" });
  await outbox.flush();
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(sent.length, 1);
  assert.equal(blocked.at(-1).kind, "signed_out");
  assert.equal((await store.all()).length, 1);
});

test("what the server refuses for good leaves the queue but not the device", async () => {
  const { outbox, sent } = outboxWith(REFUSED);
  const refused = heard(outbox, "refused");
  await outbox.add({ id: "a" });
  await outbox.add({ id: "b" });
  await outbox.flush();
  const { waiting, attention } = await outbox.entries();
  assert.deepEqual(sent, ["a", "b"]);
  assert.equal(waiting.length, 0);
  assert.equal(attention[0].sentence, "Another label with this id is stored.");
  assert.equal(refused.length, 1);
  assert.equal(outbox.isHolding, false);
});

test("a refused label can be tried again, or removed by hand", async () => {
  const { outbox, store } = outboxWith(REFUSED, OK, REFUSED);
  await outbox.add({ id: "a" });
  await outbox.flush();
  await outbox.tryAgain("a");
  await outbox.flush();
  assert.deepEqual(await store.all(), []);
  await outbox.add({ id: "b" });
  await outbox.flush();
  await outbox.remove("b");
  assert.deepEqual(await store.all(), []);
});

// A server that keeps corrections only of labels that it has, and refuses the labels named here.
function serverRefusing(...refused) {
  const [stored, asked] = [[], []];
  const store = localStore(1, memoryStorage());
  const world = { isAway: true, stored, asked, store };
  const send = async ({ body: { id, supersedes } }) => {
    if (world.isAway) return SIGNED_OUT;
    asked.push([id, supersedes]);
    const isKnown = supersedes === null || stored.includes(supersedes);
    if (refused.includes(id) || !isKnown) return REFUSED;
    stored.push(id);
    return OK;
  };
  const outbox = new Outbox({ store, send, random: () => 0 });
  const add = (id, supersedes = null) => outbox.add({ id, body: { id, slot: 1, supersedes } });
  return Object.assign(world, { outbox, add });
}

test("a correction goes after what it corrects, also where the clock was set back meanwhile", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 9_000_000 });
  const { add, store } = serverRefusing();
  await add("first");
  context.mock.timers.setTime(1_000_000);
  await add("second", "first");
  assert.deepEqual((await store.all()).map(({ id, at }) => [id, at]), [["first", 9_000_000], ["second", 9_000_001]]);
});

test("a page that was opened after the clock was set back goes on behind what waits", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const { add, outbox, store } = serverRefusing();
  await store.put({ id: "before", at: 9_000_000, state: "waiting", body: {} });
  await outbox.flush();
  outbox.connect(new EventTarget());
  await settled();
  await add("after");
  assert.deepEqual((await store.all()).map(({ id, at }) => [id, at]), [["before", 9_000_000], ["after", 9_000_001]]);
});

test("the correction of a refused label takes its place, and that one is gone from the list", async () => {
  const world = serverRefusing("first");
  const { add, outbox, asked, stored, store } = world;
  world.isAway = false;
  await add("first");
  await outbox.flush();
  await add("second", "first");
  await outbox.flush();
  assert.deepEqual(asked, [["first", null], ["second", null]]);
  assert.deepEqual(stored, ["second"]);
  assert.deepEqual(await store.all(), []);
});

test("so does one that was made before anybody knew of the refusal, and a correction of corrections", async () => {
  const world = serverRefusing("first", "second");
  const { add, outbox, asked, stored, store } = world;
  await add("zeroth");
  await add("first", "zeroth");
  await add("second", "first");
  await add("third", "second");
  await outbox.flush();
  world.isAway = false;
  await outbox.flush();
  assert.deepEqual(asked, [["zeroth", null], ["first", "zeroth"], ["second", "zeroth"], ["third", "zeroth"]]);
  assert.deepEqual(stored, ["zeroth", "third"]);
  assert.deepEqual(await store.all(), []);
});

test("a correction of a correction of refused ones needs no more than the newest", async () => {
  const world = serverRefusing();
  const { outbox, asked, store } = world;
  for (const [id, supersedes] of [["first", null], ["second", "first"]]) await store.put({ id, at: 1, saved: 1, state: "attention", body: { id, supersedes } });
  world.isAway = false;
  await world.add("third", "second");
  await outbox.flush();
  assert.deepEqual(asked, [["third", null]]);
  assert.deepEqual(await store.all(), []);
});

test("the refused label stays until the one in its place is on the device", async () => {
  const world = serverRefusing("first");
  world.isAway = false;
  await world.add("first");
  await world.outbox.flush();
  const steps = [];
  for (const name of ["put", "remove"]) {
    const act = world.store[name];
    world.store[name] = (given) => steps.push([name, given.id ?? given]) && act(given);
  }
  await world.add("second", "first");
  await world.outbox.flush();
  assert.deepEqual(steps, [["put", "second"], ["put", "second"], ["remove", "first"], ["remove", "second"]]);
});

test("a label added while another is on its way is sent too", async () => {
  const { outbox, sent } = outboxWith();
  outbox.addEventListener("delivered", ({ detail }) => detail.entry.id === "a" && outbox.add({ id: "b" }), { once: true });
  await outbox.add({ id: "a" });
  await new Promise((resolve) => outbox.addEventListener("delivered", ({ detail }) => detail.entry.id === "b" && resolve()));
  assert.deepEqual(sent, ["a", "b"]);
});

test("two flushes at once send a label once", async () => {
  const { outbox, sent } = outboxWith();
  await outbox.add({ id: "a" });
  await Promise.all([outbox.flush(), outbox.flush()]);
  assert.deepEqual(sent, ["a"]);
});

test("an empty outbox says so, also when another tab emptied it", async () => {
  const { outbox, store } = outboxWith(SIGNED_OUT);
  const empty = heard(outbox, "empty");
  const blocked = heard(outbox, "blocked");
  await outbox.add({ id: "a" });
  await outbox.flush();
  assert.equal(empty.length, 0);
  assert.equal(outbox.isHolding, true);
  await store.remove("a");
  await outbox.flush();
  assert.equal(empty.length, 1);
  assert.equal(blocked.at(-1), null);
  assert.equal(outbox.isHolding, false);
});

test("a label that the device refuses to keep is not sent in silence", async () => {
  const full = { all: async () => [], put: async () => Promise.reject(new Error("full")), remove: async () => undefined };
  const outbox = new Outbox({ store: full, send: async () => assert.fail("sent") });
  await assert.rejects(outbox.add({ id: "a" }));
});

test("adding says whether the label would outlast the page", async () => {
  for (const lasts of [true, false]) {
    const outbox = new Outbox({ store: { all: async () => [], put: async () => lasts, remove: async () => undefined }, send: async () => OK });
    assert.equal(await outbox.add({ id: "a" }), lasts);
  }
});

test("the solutions whose labels are still here are known, refused ones too", async () => {
  const { outbox, store } = outboxWith(REFUSED, SIGNED_OUT);
  await outbox.add({ id: "a", body: { slot: 1 } });
  await outbox.add({ id: "b", body: { slot: 2 } });
  await outbox.flush();
  await store.put({ id: "draft:3", at: 0, state: "draft", body: { slot: 3 } });
  assert.deepEqual(await outbox.slots(), new Set([2, 1]));
});

test("a label that is tried again keeps its place in time, and its old trouble is forgotten", async () => {
  const { outbox, store } = outboxWith(REFUSED, SIGNED_OUT);
  await outbox.add({ id: "a", at: 5 });
  await outbox.flush();
  await outbox.tryAgain("a");
  await outbox.flush();
  const [entry] = await store.all();
  assert.deepEqual([entry.at, entry.state, entry.sentence], [5, "waiting", undefined]);
});

test("a label that another tab removed is not tried again", async () => {
  const { outbox, sent } = outboxWith();
  await outbox.tryAgain("gone");
  assert.deepEqual(sent, []);
});

test("the server's wish to be left alone for a while is granted", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, sent } = outboxWith(answer(503, null, "3"));
  await outbox.add({ id: "a" });
  await outbox.flush();
  context.mock.timers.tick(2_999);
  await settled();
  assert.equal(sent.length, 1);
  const delivered = once(outbox, "delivered");
  context.mock.timers.tick(1);
  await delivered;
});

test("the longer the server is away the longer the pauses, up to fifteen seconds", async (context) => {
  const pauses = [];
  context.mock.method(globalThis, "setTimeout", (_, pause) => void pauses.push(pause));
  const store = localStore(1, memoryStorage());
  const outbox = new Outbox({ store, send: async () => answer(503, null), random: () => 1 });
  await outbox.add({ id: "a" });
  await outbox.flush();
  for (let turn = 0; turn < 6; turn += 1) await outbox.flush();
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test("after an answer the pauses are short again", async (context) => {
  const pauses = [];
  context.mock.method(globalThis, "setTimeout", (_, pause) => void pauses.push(pause));
  const answers = [AWAY, AWAY, OK, AWAY, AWAY, REFUSED, AWAY];
  const store = localStore(1, memoryStorage());
  const outbox = new Outbox({ store, send: async () => answers.shift(), random: () => 1 });
  for (const [at, id] of ["a", "b", "c"].entries()) await store.put({ id, at, state: "waiting" });
  for (let turn = 0; turn < 5; turn += 1) await outbox.flush();
  assert.deepEqual(pauses, [500, 1000, 500, 1000, 500]);
});

test("the page is told what is in the way, and when it is out of the way", async () => {
  const { outbox } = outboxWith(SIGNED_OUT, OK);
  const blocked = heard(outbox, "blocked");
  await outbox.add({ id: "a" });
  await outbox.flush();
  assert.deepEqual(blocked, [SIGNED_OUT]);
  await outbox.flush();
  assert.equal(blocked.at(-1), null);
});

test("a label that comes just after the last look is sent too", async () => {
  const { outbox, store, sent } = outboxWith();
  const late = () => {
    store.put({ id: "late", at: 1, state: "waiting" });
    outbox.flush();
  };
  outbox.addEventListener("empty", late, { once: true });
  await outbox.flush();
  await settled();
  assert.deepEqual(sent, ["late"]);
});

test("a label that was removed by hand is held no more", async () => {
  const { outbox } = outboxWith(SIGNED_OUT);
  await outbox.add({ id: "a" });
  await outbox.flush();
  assert.equal(outbox.isHolding, true);
  await outbox.remove("a");
  assert.equal(outbox.isHolding, false);
});

test("a page that holds labels asks before it closes, and one that holds none does not", async () => {
  const { outbox } = outboxWith(SIGNED_OUT, OK);
  const page = new EventTarget();
  outbox.connect(page);
  const closes = () => page.dispatchEvent(new Event("beforeunload", { cancelable: true }));
  await outbox.add({ id: "a" });
  await outbox.flush();
  assert.equal(closes(), false);
  await outbox.flush();
  assert.equal(closes(), true);
});

test("what waits is sent when the network is back, or the page is looked at again", async () => {
  for (const moment of ["online", "focus"]) {
    const { outbox, sent } = outboxWith(SIGNED_OUT);
    const page = new EventTarget();
    outbox.connect(page);
    await outbox.add({ id: "a" });
    await outbox.flush();
    const delivered = once(outbox, "delivered");
    page.dispatchEvent(new Event(moment));
    await delivered;
    assert.equal(sent.length, 2, moment);
  }
});

test("after disconnecting it hears nothing, and tries nothing again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, sent } = outboxWith(AWAY);
  const page = new EventTarget();
  outbox.connect(page);
  await outbox.add({ id: "a" });
  await outbox.flush();
  outbox.disconnect();
  context.mock.timers.tick(60_000);
  page.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(sent.length, 1);
  assert.doesNotThrow(() => outboxWith().outbox.disconnect());
});

test("the page is told what is left from before as soon as it is connected", async () => {
  const { outbox, store } = outboxWith();
  await store.put({ id: "a", at: 1, state: "waiting" });
  const told = once(outbox, "change");
  outbox.connect(new EventTarget());
  assert.deepEqual(await told, { waiting: 1, attention: [] });
});

test("one tab of a browser sends at a time, where the browser can tell", async () => {
  const names = [];
  const locks = { request: async (name, work) => names.push(name) && work() };
  const { navigator } = globalThis;
  const among = (browser) => Object.defineProperty(globalThis, "navigator", { value: browser, configurable: true, writable: true });
  try {
    among({ locks });
    assert.equal(await aloneInBrowser("outbox-1")(async () => "sent"), "sent");
    assert.deepEqual(names, ["outbox-1"]);
    for (const browser of [undefined, {}]) {
      among(browser);
      assert.equal(await aloneInBrowser("outbox-1")(async () => "sent"), "sent");
    }
    assert.equal(names.length, 1);
  } finally {
    among(navigator);
  }
});
