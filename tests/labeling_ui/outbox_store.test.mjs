import assert from "node:assert/strict";
import test from "node:test";

import { localStore, openStore, pageStore, withFallback } from "../../labeling_ui/static/labeling_ui/js/outbox_store.js";

function memoryStorage() {
  const items = new Map();
  return { items, getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value), removeItem: (key) => void items.delete(key) };
}

// A store on which single acts can be made to fail: store.refuses = ["put"].
function moodyStore(inner = localStore(1, memoryStorage())) {
  const store = { refuses: [] };
  for (const name of ["all", "put", "remove"]) {
    store[name] = async (...given) => (store.refuses.includes(name) ? Promise.reject(new Error("refused")) : inner[name](...given));
  }
  return { ...store, inner, refuse: (...names) => store.refuses.splice(0, 3, ...names) };
}

async function ids(store) {
  return (await store.all()).map(({ id }) => id);
}

function entry(id, more = {}) {
  return { id, at: 1, ...more };
}

test("labels of two people on one device are kept apart", async () => {
  const storage = memoryStorage();
  await localStore(1, storage).put(entry("a"));
  assert.deepEqual(await ids(localStore(2, storage)), []);
  assert.deepEqual(await ids(localStore(1, storage)), ["a"]);
});

test("the browser's storage keeps a label once, over pages, and leaves nothing behind", async () => {
  const storage = memoryStorage();
  assert.equal(await localStore(1, storage).put(entry("a", { state: "waiting" })), true);
  await localStore(1, storage).put(entry("b"));
  await localStore(1, storage).put(entry("a", { state: "attention" }));
  assert.deepEqual((await localStore(1, storage).all()).map(({ id, state }) => [id, state]), [["b", undefined], ["a", "attention"]]);
  await localStore(1, storage).remove("a");
  await localStore(1, storage).remove("b");
  assert.equal(storage.items.size, 0);
});

test("the page keeps what it is given, and says that it does not outlast it", async () => {
  const store = pageStore();
  assert.equal(await store.put(entry("a", { state: "waiting" })), false);
  assert.equal(await store.put(entry("a", { state: "attention" })), false);
  assert.deepEqual(await store.all(), [entry("a", { state: "attention" })]);
  await store.remove("a");
  assert.deepEqual(await store.all(), []);
});

test("the first store that takes a label keeps it, and the others do not", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  assert.equal(await withFallback([first, second, pageStore()]).put(entry("a")), true);
  assert.deepEqual([await ids(first), await ids(second)], [["a"], []]);
});

test("where the first store fails the second one keeps the label, and both are read, oldest first", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  const store = withFallback([first, second]);
  await store.put(entry("b", { at: 2 }));
  first.refuse("put");
  assert.equal(await store.put(entry("a", { at: 1 })), true);
  assert.deepEqual(await ids(store), ["a", "b"]);
  await store.remove("a");
  await store.remove("b");
  assert.deepEqual([await ids(first), await ids(second)], [[], []]);
});

test("where all stores but the page's refuse, the page keeps the label and says that it does not last", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  for (const store of [first, second]) store.refuse("all", "put", "remove");
  const store = withFallback([first, second, pageStore()]);
  assert.equal(await store.put(entry("a")), false);
  assert.deepEqual(await ids(store), ["a"]);
  await store.remove("a");
  assert.deepEqual(await ids(store), []);
});

test("where no store takes a label that is told, not passed over", async () => {
  const only = moodyStore();
  only.refuse("put");
  await assert.rejects(withFallback([only]).put(entry("a")), /No store/);
});

test("a label that moves to another store is not left behind in the one before", async () => {
  const first = moodyStore();
  const page = pageStore();
  const store = withFallback([first, page]);
  first.refuse("put");
  await store.put(entry("a", { saved: 1 }));
  first.refuse();
  assert.equal(await store.put(entry("a", { saved: 2 })), true);
  assert.deepEqual([await ids(first), await ids(page)], [["a"], []]);
});

test("where an older copy cannot be taken away the newer one counts", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  const store = withFallback([first, second]);
  await store.put(entry("a", { saved: 1, state: "waiting" }));
  first.refuse("put", "remove");
  await store.put(entry("a", { saved: 2, state: "attention" }));
  assert.deepEqual((await store.all()).map(({ state }) => state), ["attention"]);
  const turned = withFallback([second, first]);
  assert.deepEqual((await turned.all()).map(({ state }) => state), ["attention"]);
});

test("a copy from before times were kept is the older one", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  await first.put(entry("a", { saved: 1, state: "attention" }));
  await second.put(entry("a", { state: "waiting" }));
  assert.deepEqual((await withFallback([first, second]).all()).map(({ state }) => state), ["attention"]);
});

test("a store that cannot be read hides no label of the others", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  await second.put(entry("a"));
  first.refuse("all");
  assert.deepEqual(await ids(withFallback([first, second])), ["a"]);
});

test("a store that cannot remove keeps no other from removing", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  await second.put(entry("a"));
  first.refuse("remove");
  await withFallback([first, second]).remove("a");
  assert.deepEqual(await ids(second), []);
});

test("a label counts as moved, or as removed, when it is so everywhere", async () => {
  const [first, second] = [moodyStore(), moodyStore()];
  const slow = { ...second, remove: (id) => new Promise((resolve) => setImmediate(() => resolve(second.remove(id)))) };
  const store = withFallback([first, slow]);
  await second.put(entry("a", { saved: 1 }));
  await store.put(entry("a", { saved: 2 }));
  assert.deepEqual(await ids(second), []);
  await second.put(entry("b"));
  await store.remove("b");
  assert.deepEqual(await ids(second), []);
});

test("what stands broken in the browser's storage takes no label with it", async () => {
  const storage = memoryStorage();
  storage.setItem("stepmark-outbox:1", "not JSON");
  const store = withFallback([localStore(1, storage), pageStore()]);
  assert.equal(await store.put(entry("a")), false);
  assert.deepEqual(await ids(store), ["a"]);
});

// The browser's database: what it holds, what it makes of the next opening or the next act, and how often it was opened.
function fakeDatabase() {
  const rows = new Map();
  const fake = { rows, opened: 0, opening: "works", act: "works", connection: null, modes: [] };
  const later = (work) => setImmediate(work);
  const table = {
    getAll: () => ({ result: [...rows.values()] }),
    put: (row) => rows.set(row.id, row) && {},
    delete: (id) => rows.delete(id) || {},
  };
  const transaction = (name, mode, options) => {
    fake.modes.push([mode, options.durability]);
    const made = { error: null, objectStore: () => table };
    const outcome = fake.act;
    later(() => {
      if (outcome === "works") return made.oncomplete();
      made.error = outcome === "full" ? new Error("full") : null;
      return outcome === "full" ? made.onabort() : made.onerror();
    });
    return made;
  };
  fake.open = () => {
    fake.opened += 1;
    const request = {};
    const outcome = fake.opening;
    later(() => {
      if (outcome === "blocked") return request.onblocked();
      request.error = new Error("no database");
      if (outcome === "fails") return request.onerror();
      request.result = fake.connection = { transaction, closed: false, close: () => void (fake.connection.closed = true), createObjectStore: (_, { keyPath }) => (fake.keyPath = keyPath) };
      request.onupgradeneeded();
      return request.onsuccess();
    });
    return request;
  };
  return fake;
}

// The store of a page, with the browser's two places to keep things.
async function withBrowser(work) {
  const [database, storage] = [fakeDatabase(), memoryStorage()];
  const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true, writable: true });
  globalThis.indexedDB = database;
  try {
    await work({ database, storage, store: openStore(1) });
  } finally {
    delete globalThis.indexedDB;
    delete globalThis.localStorage;
    if (before) Object.defineProperty(globalThis, "localStorage", before);
  }
}

test("a label lies in the browser's database, written through to the disk", async () => {
  await withBrowser(async ({ database, storage, store }) => {
    assert.equal(await store.put(entry("a")), true);
    assert.deepEqual(await store.all(), [entry("a", { user: 1 })]);
    await store.remove("b");
    assert.deepEqual(database.modes, [["readwrite", "strict"], ["readonly", "strict"], ["readwrite", "strict"]]);
    assert.equal(database.keyPath, "id");
    await store.remove("a");
    assert.deepEqual([database.rows.size, storage.items.size], [0, 0]);
    assert.equal(database.opened, 1);
  });
});

test("what another user left in the database is not seen", async () => {
  await withBrowser(async ({ store }) => {
    await store.put(entry("a"));
    assert.deepEqual(await ids(openStore(2)), []);
  });
});

test("where the database refuses, is full or held by another tab, the browser's storage keeps the label", async () => {
  for (const trouble of [{ opening: "fails" }, { opening: "blocked" }, { act: "full" }, { act: "fails" }]) {
    await withBrowser(async ({ database, storage, store }) => {
      Object.assign(database, trouble);
      assert.equal(await store.put(entry("a")), true);
      assert.equal(storage.items.size, 1, JSON.stringify(trouble));
      assert.deepEqual(await ids(store), ["a"]);
    });
  }
});

test("after a failure, or when the browser closed it, the database is opened anew", async () => {
  const events = { fails: (database) => (database.act = "fails"), closes: ({ connection }) => connection.onclose(), changes: ({ connection }) => connection.onversionchange() };
  for (const [name, happen] of Object.entries(events)) {
    await withBrowser(async ({ database, store }) => {
      await store.all();
      happen(database);
      if (name === "fails") await store.all();
      database.act = "works";
      const { opened } = database;
      assert.equal(await store.put(entry("a")), true);
      assert.equal(database.opened, opened + 1, name);
      assert.deepEqual([...database.rows.keys()], ["a"], name);
    });
  }
});

test("a database that another tab wants to renew is let go", async () => {
  await withBrowser(async ({ database, store }) => {
    await store.all();
    const { connection } = database;
    connection.onversionchange();
    assert.equal(connection.closed, true);
  });
});
