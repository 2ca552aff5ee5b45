// What the labeler looked at, and when: the guess of the answer, later steps, the instructions, other steps for the place
// of an error, the word that a dialogue has stalled. Goes with the label, so that its makers can tell what a judgement was
// made from.

const LONGEST = 1000;

export class Seen {
  #clock;
  #place;
  #shown = null;

  // clock() → milliseconds of work on this solution; place() → the step in front.
  constructor({ clock, place }) {
    this.#clock = clock;
    this.#place = place;
  }

  start({ policies, problem }, draft) {
    const before = draft?.shown ?? {};
    const answer = problem.answer !== null && (policies.answer === "always" || before.answer === true);
    this.#shown = { answer, read_ahead: policies.read_ahead, alternatives: before.alternatives ?? 0, seen: before.seen ?? [] };
  }

  note(what) {
    if (!this.#shown) return;
    if (what === "answer") this.#shown.answer = true;
    const entry = { what, step: this.#place(), ms: Math.round(this.#clock()) };
    if (this.#shown.seen.length < LONGEST) this.#shown.seen = [...this.#shown.seen, entry];
  }

  set alternatives(count) {
    this.#shown.alternatives = count;
  }

  get isAnswerShown() {
    return this.#shown?.answer ?? false;
  }

  shown() {
    return { ...this.#shown };
  }
}
