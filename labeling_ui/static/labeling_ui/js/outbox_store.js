// Where labels wait on the device: IndexedDB with strict durability, and localStorage where a browser refuses that.
// A store has all(), put(entry), remove(id); what one user left is never seen by another who signs in here.

const DATABASE = "stepmark-outbox";
const TABLE = "labels";

export function openStore(user) {
  return withFallback(databaseStore(user), localStore(user));
}

// Writes to the first store that takes it; reads and clears both, for the first may come back.
export function withFallback(first, second) {
  return {
    all: async () => [...(await first.all().catch(() => [])), ...(await second.all())].sort((a, b) => a.at - b.at),
    put: async (entry) => {
      await first.put(entry).then(() => second.remove(entry.id), () => second.put(entry));
    },
    remove: async (id) => {
      await Promise.all([first.remove(id).catch(() => undefined), second.remove(id)]);
    },
  };
}

export function localStore(user, storage = localStorage) {
  const key = `${DATABASE}:${user}`;
  const read = () => JSON.parse(storage.getItem(key) ?? "[]");
  const write = (entries) => (entries.length ? storage.setItem(key, JSON.stringify(entries)) : storage.removeItem(key));
  const others = (id) => read().filter((entry) => entry.id !== id);
  return {
    all: async () => read(),
    put: async (entry) => write([...others(entry.id), entry]),
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
    put: (entry) => act("readwrite", (labels) => labels.put({ ...entry, user })),
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
