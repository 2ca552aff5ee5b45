// Where labels wait on the device: IndexedDB with strict durability, localStorage where a browser refuses that, and the
// open page where both are full. A store has all(), put(entry) → whether it lasts longer than the page, remove(id); what
// one user left is never seen by another who signs in here.

const DATABASE = "stepmark-outbox";
const TABLE = "labels";

export function openStore(user) {
  return withFallback([databaseStore(user), localStore(user), pageStore()]);
}

// Writes to the first store that takes it; reads and clears all, for one that refused may come back.
export function withFallback(stores) {
  const none = () => [];
  return {
    all: async () => {
      const found = await Promise.all(stores.map((store) => store.all().catch(none)));
      // Where a removal failed, the later write is the truth.
      const newest = new Map(found.flat().sort((a, b) => (a.saved ?? 0) - (b.saved ?? 0)).map((entry) => [entry.id, entry]));
      return [...newest.values()].sort((a, b) => a.at - b.at);
    },
    put: async (entry) => {
      for (const store of stores) {
        const lasts = await store.put(entry).catch(() => null);
        if (lasts === null) continue;
        await Promise.all(stores.map((other) => other !== store && other.remove(entry.id).catch(none)));
        return lasts;
      }
      throw new Error("No store takes it.");
    },
    remove: async (id) => {
      await Promise.all(stores.map((store) => store.remove(id).catch(none)));
    },
  };
}

// Better than nothing, and it never refuses: gone with the page, which therefore asks before it closes.
export function pageStore() {
  const entries = new Map();
  return {
    all: async () => [...entries.values()],
    put: async (entry) => entries.set(entry.id, entry) && false,
    remove: async (id) => void entries.delete(id),
  };
}

export function localStore(user, storage = localStorage) {
  const key = `${DATABASE}:${user}`;
  const read = () => JSON.parse(storage.getItem(key) ?? "[]");
  const write = (entries) => (entries.length ? storage.setItem(key, JSON.stringify(entries)) : storage.removeItem(key));
  const others = (id) => read().filter((entry) => entry.id !== id);
  return {
    all: async () => read(),
    put: async (entry) => write([...others(entry.id), entry]) ?? true,
    remove: async (id) => write(others(id)),
  };
}

// One connection, until the browser closes it or an act fails; the next act opens another.
function databaseStore(user) {
  let connection = null;
  const forget = () => (connection = null);
  const act = async (mode, work) => {
    connection ??= opened(forget);
    try {
      // Chrome's own choice would answer before the bytes are on the disk.
      const transaction = (await connection).transaction(TABLE, mode, { durability: "strict" });
      const request = work(transaction.objectStore(TABLE));
      await committed(transaction);
      return request.result;
    } catch (error) {
      forget();
      throw error;
    }
  };
  return {
    all: async () => (await act("readonly", (labels) => labels.getAll())).filter((entry) => entry.user === user),
    put: (entry) => act("readwrite", (labels) => labels.put({ ...entry, user })).then(() => true),
    remove: (id) => act("readwrite", (labels) => labels.delete(id)),
  };
}

function opened(forget) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: "id" });
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = forget;
      database.onversionchange = () => database.close() ?? forget();
      resolve(database);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("Another tab holds the outbox."));
  });
}

function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("Not written."));
  });
}
