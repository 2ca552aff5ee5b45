// The rows of a solution: owns [data-steps]. Shows a state of label_state.js and reports clicks; decides nothing itself.

import { firstError, isReadable, kindOf } from "./label_state.js";
import { fitFormulas, showText } from "./maths.js";

// The current step rests at this part of the window's height, so that eyes and pointer may stay where they are.
const RESTING_HEIGHT = 0.34;
const GAP = 16;

export class StepsView {
  #list;
  #template;
  #rows = [];
  #assignment = null;
  #listeners = null;
  #widths = null;

  constructor(list, template) {
    this.#list = list;
    this.#template = template;
  }

  // rate(step, rating) is called for a click.
  connect({ rate }) {
    this.#listeners = new AbortController();
    this.#list.addEventListener("click", (event) => this.#click(event, rate), { signal: this.#listeners.signal });
    this.#widths = new ResizeObserver(() => fitFormulas(this.#list));
    this.#widths.observe(this.#list);
  }

  disconnect() {
    this.#listeners?.abort();
    this.#widths?.disconnect();
  }

  show(assignment, state) {
    this.#assignment = assignment;
    this.#rows = assignment.steps.map((_, step) => this.#row(step));
    this.#list.replaceChildren(...this.#rows);
    this.update(state);
  }

  update(state) {
    for (const [step, row] of this.#rows.entries()) this.#updateRow(row, step, state);
    fitFormulas(this.#list);
  }

  // Give a row the focus and bring it to the resting height. `scroll`: "smooth", "instant" or "none".
  settle(step, { scroll = "smooth" } = {}) {
    const row = this.#rows[step];
    row.focus({ preventScroll: true });
    if (scroll === "none") return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scrollTo({ top: scrollY + row.getBoundingClientRect().top - restingTop(row), behavior: calm ? "instant" : scroll });
  }

  #row(step) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.dataset.step = step;
    row.querySelector(".step-number").textContent = step + 1;
    row.setAttribute("aria-label", `Step ${step + 1} of ${this.#assignment.steps.length}`);
    row.querySelector(".rate").setAttribute("aria-label", `Rate step ${step + 1}`);
    return row;
  }

  #updateRow(row, step, state) {
    const rating = state.ratings[step];
    row.dataset.kind = kindOf(state, step);
    if (rating === undefined) delete row.dataset.rating;
    else row.dataset.rating = rating;
    if (step === state.cursor) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    row.querySelector(".step-note").hidden = step !== firstError(state);
    for (const button of row.querySelectorAll(".rate button")) {
      const isChosen = Number(button.dataset.rating) === rating;
      button.setAttribute("aria-pressed", String(isChosen));
      if (isChosen) row.querySelector(".rate").dataset.word = button.querySelector(".rate-word").textContent;
    }
    this.#showText(row, step, isReadable(state, step, this.#assignment.read_ahead));
  }

  #showText(row, step, readable) {
    if (row.dataset.readable === String(readable)) return;
    row.dataset.readable = readable;
    const text = row.querySelector(".step-text");
    text.classList.toggle("hidden-step", !readable);
    if (readable) showText(text, this.#assignment.steps[step]);
    else text.textContent = "The next step is shown when this one is rated.";
  }

  #click(event, rate) {
    const button = event.target.closest(".rate button");
    if (button) rate(Number(button.closest(".step").dataset.step), Number(button.dataset.rating));
  }
}

function restingTop(row) {
  const header = document.querySelector(".site-header").offsetHeight + GAP;
  const room = innerHeight - (document.querySelector("[data-bar]").offsetHeight + GAP);
  return Math.max(header, Math.min(innerHeight * RESTING_HEIGHT, room - row.offsetHeight));
}
