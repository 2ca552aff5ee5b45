// Honest time: a solution's total counts while its page is visible; active time counts, step by step, while the person
// also gave a sign of life (key, pointer, scroll) within the last 90 seconds. A hidden tab and a sleeping machine add nothing.

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
  #step = null;
  #times = { total: 0, active: 0, ms: [] };
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

  // A new solution; `ms` are the times of steps rated in an earlier sitting.
  start(ms = []) {
    const before = ms.reduce((sum, time) => sum + time, 0);
    this.#times = { total: before, active: before, ms: [...ms] };
    this.#mark = this.#lastInput = this.#now();
    this.#step = 0;
  }

  // Between solutions nobody works on a step.
  stop() {
    this.#advance();
    this.#step = null;
  }

  at(step) {
    this.#advance();
    this.#step = step;
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
    return { total: this.#times.total, active: this.#times.active, ms: [...this.#times.ms] };
  }

  #advance() {
    const now = this.#now();
    const from = this.#mark;
    this.#mark = now;
    if (!this.#visible || this.#step === null) return;
    const until = Math.min(now, from + LONGEST_STRETCH);
    const active = Math.max(0, Math.min(until, this.#lastInput + IDLE_AFTER) - from);
    this.#times.total += until - from;
    this.#times.active += active;
    this.#times.ms[this.#step] = (this.#times.ms[this.#step] ?? 0) + active;
  }
}
