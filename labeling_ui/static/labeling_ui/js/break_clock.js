// When it is time for a break: after so many minutes of active work since the last one. Pure but for its storage.

// Who was away for so long has had a break.
const AWAY = 10 * 60_000;

export class BreakClock {
  #name;
  #limit;
  #storage;
  #now;

  // minutes: 0 for no breaks.
  constructor({ user, minutes, storage = localStorage, now = Date.now }) {
    this.#name = `stepmark-since-break-${user}`;
    this.#limit = minutes * 60_000;
    this.#storage = storage;
    this.#now = now;
  }

  // A solution was handed in, after so many milliseconds of active work. → whether a break is due.
  worked(ms) {
    const { active, at } = this.#read();
    const now = this.#now();
    const since = now - at - ms > AWAY ? ms : active + ms;
    this.#write({ active: since, at: now });
    return this.#limit > 0 && since >= this.#limit;
  }

  get minutes() {
    return Math.round(this.#read().active / 60_000);
  }

  taken() {
    this.#write({ active: 0, at: this.#now() });
  }

  #read() {
    try {
      return { active: 0, at: 0, ...JSON.parse(this.#storage.getItem(this.#name) ?? "{}") };
    } catch {
      return { active: 0, at: 0 };
    }
  }

  #write(value) {
    try {
      this.#storage.setItem(this.#name, JSON.stringify(value));
    } catch {
      // A full device: no reminder is better than no label.
    }
  }
}
