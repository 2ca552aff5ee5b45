// Asks the server for other steps at one place of a solution, and again until its generator has written them. What was
// fetched once is kept, so that a change of mind costs nothing; a server that is away is told at once, for nobody should
// have to wait for what can be left out.

const ASK_AGAIN = 700;
const LONGEST_WAIT = 30_000;

export class OptionsSource {
  #ask;
  #known = new Map();

  // ask(assignment, step) → an answer of api.js with {texts, is_ready}
  constructor(ask) {
    this.#ask = ask;
  }

  // → {texts} or {trouble: a sentence}
  of(assignment, step) {
    const key = `${assignment.slot} ${step}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#fetch(assignment, step, key));
    return this.#known.get(key);
  }

  forget() {
    this.#known.clear();
  }

  async #fetch(assignment, step, key) {
    const deadline = Date.now() + LONGEST_WAIT;
    for (;;) {
      const answer = await this.#ask(assignment, step);
      if (answer.kind === "ok" && (answer.data.is_ready ?? true)) return { texts: answer.data.texts };
      if (answer.kind !== "ok" || Date.now() > deadline) {
        this.#known.delete(key);
        return { trouble: answer.kind === "ok" ? "" : answer.sentence };
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    }
  }
}
