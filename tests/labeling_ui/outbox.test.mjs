import assert from "node:assert/strict";
import test from "node:test";

import { answer } from "../../labeling_ui/static/labeling_ui/js/api.js";
import { Outbox } from "../../labeling_ui/static/labeling_ui/js/outbox.js";
import { localStore, withFallback } from "../../labeling_ui/static/labeling_ui/js/outbox_store.js";

const OK = answer(201, { replay: false });
const AWAY = answer(503, null, "0");
const SIGNED_OUT = answer(401, { code: "not_signed_in", detail: "Please sign in." });
const REFUSED = answer(422, { code: "id_reused", detail: "Another label with this id is stored." });

function memoryStorage() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
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

test("a label stays while the server is away, and is sent again by itself", async () => {
  const { outbox, store, sent } = outboxWith(AWAY, AWAY);
  await outbox.add({ id: "a" });
  await outbox.flush();
  assert.equal((await store.all()).length, 1);
  assert.equal(outbox.isHolding, true);
  await new Promise((resolve) => outbox.addEventListener("delivered", resolve));
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
  await outbox.add({ id: "a" });
  await outbox.flush();
  assert.equal(empty.length, 0);
  assert.equal(outbox.isHolding, true);
  await store.remove("a");
  await outbox.flush();
  assert.equal(empty.length, 1);
  assert.equal(outbox.isHolding, false);
});

test("a label that the device refuses to keep is not sent in silence", async () => {
  const full = { all: async () => [], put: async () => Promise.reject(new Error("full")), remove: async () => undefined };
  const outbox = new Outbox({ store: full, send: async () => assert.fail("sent") });
  await assert.rejects(outbox.add({ id: "a" }));
});

test("labels of two people on one device are kept apart", async () => {
  const storage = memoryStorage();
  await localStore(1, storage).put({ id: "a", at: 1 });
  assert.deepEqual(await localStore(2, storage).all(), []);
  assert.equal((await localStore(1, storage).all()).length, 1);
});

test("where the first store fails the second one keeps the label, and both are read", async () => {
  const first = localStore(1, memoryStorage());
  const second = localStore(2, memoryStorage());
  let broken = false;
  const moody = { ...first, put: async (entry) => (broken ? Promise.reject(new Error("gone")) : first.put(entry)) };
  const store = withFallback(moody, second);
  await store.put({ id: "b", at: 2 });
  broken = true;
  await store.put({ id: "a", at: 1 });
  assert.deepEqual((await store.all()).map(({ id }) => id), ["a", "b"]);
  await store.remove("a");
  await store.remove("b");
  assert.deepEqual(await store.all(), []);
});

test("a label that moved to the second store is not sent twice from the first", async () => {
  const first = localStore(1, memoryStorage());
  const second = localStore(2, memoryStorage());
  const store = withFallback(first, second);
  await second.put({ id: "a", at: 1, state: "waiting" });
  await store.put({ id: "a", at: 1, state: "attention" });
  assert.deepEqual((await store.all()).map(({ state }) => state), ["attention"]);
});
