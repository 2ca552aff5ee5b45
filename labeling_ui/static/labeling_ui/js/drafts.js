// The ratings of the solution in front, on this device from the moment of the key press: a killed tab or browser loses
// none of them. The label takes their place; the server's copy (lease.js) is for going on elsewhere.

export class Drafts {
  #store;
  #writing = Promise.resolve();

  // The outbox's store; drafts lie in it beside the labels, with a state of their own.
  constructor(store) {
    this.#store = store;
  }

  // One write after the other, so that the last one stays.
  keep(slot, body) {
    const saved = Date.now();
    const entry = { id: idOf(slot), state: "draft", at: saved, saved, slot, body };
    return (this.#writing = this.#writing.then(() => this.#store.put(entry)).catch(() => false));
  }

  remove(slot) {
    return (this.#writing = this.#writing.then(() => this.#store.remove(idOf(slot))).catch(() => undefined));
  }

  // What lies here for a solution, or null.
  async of(slot) {
    await this.#writing;
    const entry = (await this.#store.all()).find(({ id, state }) => state === "draft" && id === idOf(slot));
    return entry?.body ?? null;
  }

  // Solutions that went to somebody else long ago leave nothing behind.
  async sweep(olderThan) {
    const drafts = (await this.#store.all()).filter(({ state, saved }) => state === "draft" && saved < olderThan);
    await Promise.all(drafts.map(({ id }) => this.#store.remove(id)));
  }
}

// Of two drafts of one solution the one in which more was done: edits are only ever added.
export function fuller(one, other) {
  if (!one || !other) return one ?? other ?? null;
  return (one.edits?.length ?? 0) >= (other.edits?.length ?? 0) ? one : other;
}

function idOf(slot) {
  return `draft:${slot}`;
}
