// One tab of a browser works at a time: two would show the same solution and rate it apart.

export class OneTab extends EventTarget {
  #name;
  #locks;
  #hasIt = false;

  constructor(name, locks = globalThis.navigator?.locks) {
    super();
    this.#name = name;
    this.#locks = locks;
  }

  get isOurs() {
    return this.#hasIt;
  }

  // → whether this tab may work. Events: "lost" when another tab takes over.
  async take({ steal = false } = {}) {
    // Asking again for what is ours would take it away from ourselves.
    if (!this.#locks || this.#hasIt) return (this.#hasIt = true);
    return new Promise((resolve) => {
      const options = steal ? { steal: true } : { ifAvailable: true };
      this.#locks.request(this.#name, options, (lock) => this.#hold(lock, resolve)).catch(() => resolve(this.#lose()));
    });
  }

  #hold(lock, resolve) {
    this.#hasIt = lock !== null;
    resolve(this.#hasIt);
    // Held until the tab is closed, or another one steals it.
    return lock && new Promise(() => {});
  }

  #lose() {
    this.#hasIt = false;
    this.dispatchEvent(new Event("lost"));
    return false;
  }
}
