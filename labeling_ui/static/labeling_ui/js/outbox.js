// No finished label is ever lost: each is written to the device first, sent after, and removed only when the server
// has answered 200 or 201. What the server refuses for good stays too, in the "needs attention" list.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;

export class Outbox extends EventTarget {
  #store;
  #send;
  #random;
  #alone;
  #failures = 0;
  #retry = null;
  #flushing = null;
  #listeners = null;
  #wanted = false;
  #known = { waiting: [], attention: [] }; // at the last look
  #arriving = new Set(); // ids of labels that the store is taking in
  #newest = 0; // the moment of the newest label

  // send(entry) → an answer of api.js. alone(work) runs work in one tab of the browser at a time.
  constructor({ store, send, random = Math.random, alone = (work) => work() }) {
    super();
    this.#store = store;
    this.#send = send;
    this.#random = random;
    this.#alone = alone;
  }

  connect(page = window) {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    for (const moment of ["online", "focus"]) page.addEventListener(moment, () => this.flush(), { signal });
    page.addEventListener("beforeunload", (event) => this.isHolding && event.preventDefault(), { signal });
    this.#tell();
  }

  disconnect() {
    this.#listeners?.abort();
    clearTimeout(this.#retry);
  }

  // Returns once the label is kept, with whether it would outlast this page; sending goes on behind it.
  async add(entry) {
    this.#arriving.add(entry.id);
    this.#announce(); // at once: nobody reads "All saved", or asks for work as if this label had arrived
    const now = Date.now();
    // In the order of their making also where the clock was set back: a correction comes after what it corrects.
    const at = entry.at ?? (this.#newest = Math.max(now, this.#newest + 1));
    const lasts = await this.#store.put({ ...entry, at, saved: now, state: "waiting" });
    await this.#tell();
    this.#arriving.delete(entry.id);
    this.flush();
    return lasts;
  }

  // Sends what waits, oldest first, and returns when nothing more can be done now.
  flush() {
    this.#wanted = true;
    this.#flushing ??= this.#alone(() => this.#sendAll())
      .finally(() => (this.#flushing = null))
      // A label that was added just after the last look.
      .then((isDone) => isDone && this.#wanted && this.flush());
    return this.#flushing;
  }

  // The solutions whose labels are still here.
  async slots() {
    const { waiting, attention } = await this.entries();
    return new Set([...waiting, ...attention].map(({ body }) => body.slot));
  }

  get isHolding() {
    return this.#waiting.size > 0;
  }

  get #waiting() {
    return new Set([...this.#known.waiting.map(({ id }) => id), ...this.#arriving]);
  }

  async entries() {
    const all = await this.#store.all();
    return { waiting: all.filter(({ state }) => state === "waiting"), attention: all.filter(({ state }) => state === "attention") };
  }

  async tryAgain(id) {
    const entry = (await this.#store.all()).find((candidate) => candidate.id === id);
    if (entry) await this.add({ ...entry, sentence: undefined });
  }

  async remove(id) {
    await this.#store.remove(id);
    await this.#tell();
  }

  // True when nothing waits any more.
  async #sendAll() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    for (let entry = await this.#first(); entry; entry = await this.#first()) {
      const label = await this.#inPlaceOfRefused(entry);
      const answer = await this.#send(label);
      if (!(await this.#settle(label, answer))) return false;
    }
    this.#failures = 0;
    this.#block(null);
    // Another tab may have sent what waited here.
    await this.#tell();
    this.dispatchEvent(new CustomEvent("empty"));
    return true;
  }

  async #first() {
    return (await this.entries()).waiting[0];
  }

  // The server knows nothing of a label that it refused: what corrects such a label takes its place.
  async #inPlaceOfRefused(entry) {
    const { attention } = await this.entries();
    const refused = attention.find(({ id }) => id === entry.body?.supersedes);
    if (!refused) return entry;
    const label = { ...entry, saved: Date.now(), body: { ...entry.body, supersedes: refused.body.supersedes } };
    await this.#store.put(label);
    await this.#store.remove(refused.id);
    await this.#tell();
    return this.#inPlaceOfRefused(label);
  }

  // True when the next label may be tried at once.
  async #settle(entry, answer) {
    if (answer.kind === "away" || answer.kind === "signed_out") {
      this.#block(answer);
      if (answer.kind === "away") this.#retryLater(answer.retryAfter);
      return false;
    }
    this.#failures = 0;
    this.#block(null);
    if (answer.kind === "ok") await this.#store.remove(entry.id);
    else await this.#store.put({ ...entry, saved: Date.now(), state: "attention", sentence: answer.sentence });
    await this.#tell();
    this.dispatchEvent(new CustomEvent(answer.kind === "ok" ? "delivered" : "refused", { detail: { entry, answer } }));
    return true;
  }

  // Jitter, so that a room full of labelers does not come back in the same instant after an outage.
  #retryLater(atLeast) {
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    const delay = Math.max(atLeast ?? 0, FIRST_DELAY + this.#random() * (ceiling - FIRST_DELAY));
    this.#retry = setTimeout(() => this.flush(), delay);
  }

  #block(answer) {
    this.dispatchEvent(new CustomEvent("blocked", { detail: answer }));
  }

  async #tell() {
    this.#known = await this.entries();
    for (const { at } of [...this.#known.waiting, ...this.#known.attention]) this.#newest = Math.max(this.#newest, at);
    this.#announce();
  }

  #announce() {
    const detail = { waiting: this.#waiting.size, attention: this.#known.attention };
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

// One flusher per browser where the browser can say so; elsewhere two tabs may send the same label, which is harmless.
export function aloneInBrowser(name) {
  if (!globalThis.navigator?.locks) return (work) => work();
  return (work) => navigator.locks.request(name, work);
}
