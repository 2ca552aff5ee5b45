// Honest time: a solution's total counts while its page is visible; active time counts, place by place (a step, an
// option), while the person also gave a sign of life (key, pointer, scroll) within the last 90 seconds. A hidden tab and
// a sleeping machine add nothing.

const IDLE_AFTER = 90_000;
const TICK = 5_000;
// The clock jumps when a machine wakes up; no single stretch is longer than a few ticks.
const LONGEST_STRETCH = 3 * TICK;
const SIGNS_OF_LIFE = ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "touchstart"];

export class StepTimer {
  #now;
  #mark = 0;
  #lastInput = 0;
  #visible = true;
  #place = null;
  #times = { total: 0, active: 0, ms: {} };
  #listeners = null;

  constructor({ now = () => performance.now() } = {}) {
    this.#now = now;
  }

  connect(page = document) {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    for (const sign of SIGNS_OF_LIFE) page.addEventListener(sign, () => this.input(), { signal, passive: true, capture: true });
    page.addEventListener("visibilitychange", () => this.see(!page.hidden), { signal });
    const ticking = setInterval(() => this.times(), TICK);
    signal.addEventListener("abort", () => clearInterval(ticking));
    this.see(!page.hidden);
  }

  disconnect() {
    this.#listeners?.abort();
  }

  // A new solution, with the times of an earlier sitting; nobody is at a place of it yet.
  start({ total = 0, active = 0, ms = {} } = {}) {
    this.#times = { total: Math.max(total, active), active, ms: { ...ms } };
    this.#mark = this.#lastInput = this.#now();
    this.#place = null;
  }

  // Between solutions nobody works on anything.
  stop() {
    this.#advance();
    this.#place = null;
  }

  at(place) {
    this.#advance();
    this.#place = place;
  }

  see(visible) {
    this.#advance();
    this.#visible = visible;
  }

  input() {
    this.#advance();
    this.#lastInput = this.#now();
  }

  sinceInput() {
    return this.#now() - this.#lastInput;
  }

  times() {
    this.#advance();
    return { total: this.#times.total, active: this.#times.active, ms: { ...this.#times.ms } };
  }

  #advance() {
    const now = this.#now();
    const from = this.#mark;
    this.#mark = now;
    if (!this.#visible || this.#place === null) return;
    const until = Math.min(now, from + LONGEST_STRETCH);
    const active = Math.max(0, Math.min(until, this.#lastInput + IDLE_AFTER) - from);
    this.#times.total += until - from;
    this.#times.active += active;
    this.#times.ms[this.#place] = (this.#times.ms[this.#place] ?? 0) + active;
  }
}
