// The bar below: progress, Submit with what is still missing, and the other ways to finish. Owns [data-bar].

import { finishReason, openStep } from "./label_state.js";

const MISSING = "(find the first error, or rate all steps)";
const MEANING = { found_error: "(first error found)", solution: "(no error in any step)" };

export class BarView {
  #bar;
  #listeners = null;

  constructor(bar) {
    this.#bar = bar;
  }

  // acts: {submit, give_up, bad_problem, help}
  connect(acts) {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    for (const button of this.#bar.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => acts[button.dataset.act](), { signal });
    }
  }

  disconnect() {
    this.#listeners?.abort();
  }

  update(state, { saving = false } = {}) {
    const reason = finishReason(state);
    this.#submit.setAttribute("aria-disabled", String(saving || reason === null));
    this.#part("submit-text").textContent = saving ? "Saving…" : "Submit";
    this.#part("submit-hint").textContent = saving ? "" : (MEANING[reason] ?? MISSING);
    this.#part("progress").textContent = `Step ${state.cursor + 1} of ${state.count}`;
    this.#showTicks(state);
  }

  focusSubmit() {
    this.#submit.focus({ preventScroll: true });
  }

  get #submit() {
    return this.#bar.querySelector('[data-act="submit"]');
  }

  #part(name) {
    return this.#bar.querySelector(`[data-${name}]`);
  }

  #showTicks(state) {
    const ticks = Array.from({ length: state.count }, (_, step) => {
      const tick = document.createElement("span");
      if (step < state.ratings.length) tick.dataset.rating = state.ratings[step];
      tick.classList.toggle("here", step === openStep(state));
      return tick;
    });
    this.#part("ticks").replaceChildren(...ticks);
  }
}
