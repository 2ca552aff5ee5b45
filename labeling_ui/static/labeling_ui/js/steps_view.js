// The rows of a solution: owns [data-steps]. Shows a state of label_state.js and reports clicks; decides nothing itself.

import { firstError, isReadable, kindOf } from "./label_state.js";
import { fitFormulas, showText } from "./maths.js";
import { say } from "./words.js";

// The current step rests at this part of the window's height, so that eyes and pointer may stay where they are.
const RESTING_HEIGHT = 0.34;
const GAP = 16;

export class StepsView {
  #list;
  #template;
  #rows = [];
  #prepared = { slot: null, rows: [] };
  #assignment = null;
  #shown = null; // the state that the rows show
  #peeked = -1;
  #width = 0;

  constructor(list, template) {
    this.#list = list;
    this.#template = template;
  }

  // rate(step, rating) is called for a click.
  connect({ rate }) {
    this.#list.addEventListener("click", (event) => this.#click(event, rate));
    new ResizeObserver(() => this.#fitNewWidth()).observe(this.#list);
  }

  // Typeset the next solution while nobody waits for it.
  prepare(assignment) {
    if (this.#prepared.slot === assignment.slot || assignment.slot === this.#assignment?.slot) return;
    const rows = assignment.steps.map((text, step) => this.#row(assignment, step));
    if (assignment.policies.read_ahead === "always") rows.forEach((row, step) => fillIn(row, assignment.steps[step]));
    this.#prepared = { slot: assignment.slot, rows };
  }

  // They carry the keys of the moment at which they were made.
  forgetPrepared() {
    this.#prepared = { slot: null, rows: [] };
  }

  show(assignment, state) {
    const isPrepared = this.#prepared.slot === assignment.slot;
    this.#rows = isPrepared ? this.#prepared.rows : assignment.steps.map((_, step) => this.#row(assignment, step));
    this.forgetPrepared();
    this.#assignment = assignment;
    this.#shown = null;
    this.#peeked = -1;
    this.#list.replaceChildren(...this.#rows);
    this.update(state);
    fitFormulas(this.#list);
  }

  // Rows that look as before are left alone: a long solution is not laid out anew for each key.
  update(state, { peeked = this.#peeked } = {}) {
    const before = this.#shown;
    const last = this.#peeked;
    [this.#shown, this.#peeked] = [state, peeked];
    for (const [step, row] of this.#rows.entries()) {
      if (!before || last !== peeked || look(before, step) !== look(state, step)) this.#updateRow(row, step, state);
    }
  }

  // Give a row the focus and bring it to the resting height, at once: the next step stands where the last one stood,
  // and whoever rates faster than a scroll glides never waits for it.
  settle(step, { scroll = true } = {}) {
    const row = this.#rows[step];
    row.focus({ preventScroll: true });
    if (scroll) scrollTo({ top: scrollY + row.getBoundingClientRect().top - restingTop(row), behavior: "instant" });
  }

  #row(assignment, step) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.dataset.step = step;
    row.querySelector(".step-number").textContent = step + 1;
    row.setAttribute("aria-label", say("Step {step} of {steps}", { step: step + 1, steps: assignment.steps.length }));
    row.querySelector(".rate").setAttribute("aria-label", say("Rate step {step}", { step: step + 1 }));
    return row;
  }

  #updateRow(row, step, state) {
    const rating = state.ratings[step];
    row.dataset.kind = kindOf(state, step);
    // Not data-rating: its tone would be inherited by every part of every formula.
    if (rating === undefined) delete row.dataset.rated;
    else row.dataset.rated = rating;
    if (step === state.cursor) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    row.querySelector(".step-note").hidden = step !== firstError(state);
    for (const button of row.querySelectorAll(".rate button")) {
      const isChosen = Number(button.dataset.rating) === rating;
      button.setAttribute("aria-pressed", String(isChosen));
      if (isChosen) Object.assign(row.querySelector(".rate").dataset, { rating, word: button.querySelector(".rate-word").textContent });
    }
    this.#showText(row, step, isReadable(state, step, this.#assignment.policies.read_ahead, this.#peeked));
  }

  #showText(row, step, readable) {
    if (row.dataset.readable === String(readable)) return;
    if (readable) {
      fillIn(row, this.#assignment.steps[step]);
      if (this.#shown && row.isConnected) fitFormulas(row);
      return;
    }
    row.dataset.readable = false;
    const text = row.querySelector(".step-text");
    text.classList.add("hidden-step");
    text.textContent = say("The next step is shown when this one is rated.");
  }

  #fitNewWidth() {
    if (this.#list.clientWidth === this.#width) return;
    this.#width = this.#list.clientWidth;
    fitFormulas(this.#list);
  }

  #click(event, rate) {
    const button = event.target.closest(".rate button");
    if (button) rate(Number(button.closest(".step").dataset.step), Number(button.dataset.rating));
  }
}

function fillIn(row, text) {
  row.dataset.readable = true;
  const element = row.querySelector(".step-text");
  element.classList.remove("hidden-step");
  showText(element, text);
}

// All that a row's looks depend on.
function look(state, step) {
  return `${state.ratings[step]} ${kindOf(state, step)} ${step === state.cursor} ${step === firstError(state)}`;
}

function restingTop(row) {
  const header = document.querySelector(".site-header").offsetHeight + GAP;
  const room = innerHeight - (document.querySelector("[data-bar]").offsetHeight + GAP);
  return Math.max(header, Math.min(innerHeight * RESTING_HEIGHT, room - row.offsetHeight));
}
