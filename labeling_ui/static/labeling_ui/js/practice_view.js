// The desk of the practice run: problem, rows, verdicts and the bar below. Shows a state of practice_state.js and
// reports what is pressed; decides nothing itself.

import { BAD, GREAT, OKAY } from "./label_state.js";
import { fitFormulas, showBare, showText } from "./maths.js";
import { isLastStep, kindOf, lesson, step, verdict } from "./practice_state.js";
import { continueWords, verdictWords } from "./practice_words.js";
import { say, sayRating } from "./words.js";

// As on the labeling page: the current row rests at this part of the window's height.
const RESTING_HEIGHT = 0.3;
const GAP = 16;
const FACES = { [BAD]: "#face-bad", [OKAY]: "#face-okay", [GREAT]: "#face-great" };

export class PracticeView {
  #page;
  #readAhead;
  #rows = [];
  #shown = null;

  constructor(page, { readAhead }) {
    this.#page = page;
    this.#readAhead = readAhead;
  }

  // rate(rating) and go() are called for clicks.
  connect({ rate, go }) {
    this.#find("steps").addEventListener("click", (event) => this.#click(event, rate));
    this.#continue.addEventListener("click", go);
    new ResizeObserver(() => fitFormulas(this.#find("desk"))).observe(this.#find("desk"));
  }

  show(state) {
    if (this.#shown !== lesson(state)) this.#showLesson(lesson(state));
    for (const [place, row] of this.#judgedRows.entries()) this.#updateRow(row, place, state);
    for (const row of this.#rowsAfter) this.#updateUnjudged(row, kindOf(state, this.#shown.steps.length));
    this.#showBar(state);
    fitFormulas(this.#find("desk"));
  }

  // The row that waits gets the focus; once it is judged, the button that goes on does, described by the verdict.
  settle(state) {
    const row = this.#judgedRows[step(state)];
    const target = state.isJudged ? this.#continue : row;
    target.focus({ preventScroll: true });
    const isFirst = !state.isJudged && step(state) === 0 && this.#shown.before.length === 0;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scrollTo({ top: isFirst ? 0 : scrollY + row.getBoundingClientRect().top - this.#restingTop(row), behavior: calm ? "instant" : "smooth" });
  }

  #showLesson(shown) {
    this.#shown = shown;
    showText(this.#find("problem-text"), shown.problem);
    this.#showGuess(shown.guess);
    this.#find("task").textContent = shown.are_options ? say("Rate each option as if it were the next step.") : say("Rate the steps in order.");
    const texts = [...shown.before, ...shown.steps.map(({ text }) => text), ...shown.after];
    this.#rows = texts.map((text, place) => this.#row(text, place));
    this.#find("steps").replaceChildren(...this.#rows);
    this.#find("steps").classList.toggle("options", shown.are_options);
    for (const row of this.#rows.slice(0, shown.before.length)) {
      this.#updateUnjudged(row, "rated");
      row.dataset.rated = GREAT;
    }
  }

  #showGuess(guess) {
    this.#find("guess").hidden = !guess;
    showBare(this.#find("guess-text"), guess);
  }

  #row(text, place) {
    const row = this.#find("step-template").content.firstElementChild.cloneNode(true);
    const option = place - this.#shown.before.length;
    const isOption = this.#shown.are_options && option >= 0;
    const name = isOption ? String.fromCharCode(65 + option) : place + 1;
    row.querySelector(".step-number").textContent = name;
    row.setAttribute("aria-label", isOption ? say("Option {name}", { name }) : say("Step {name}", { name }));
    row.querySelector(".rate").setAttribute("aria-label", isOption ? say("Rate option {name}", { name }) : say("Rate step {name}", { name }));
    row.querySelector(".verdict").id = `verdict-${place}`;
    showText(row.querySelector(".step-text"), text);
    return row;
  }

  #updateRow(row, place, state) {
    const kind = kindOf(state, place);
    const given = state.answers[state.at][place];
    const { right, why } = this.#shown.steps[place];
    row.dataset.kind = kind;
    row.dataset.readable = this.#isReadable(kind);
    if (kind === "open") row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    for (const name of ["rating", "rated"]) {
      if (given === undefined) delete row.dataset[name];
      else row.dataset[name] = right[0];
    }
    for (const button of row.querySelectorAll(".rate button")) this.#updateButton(button, { kind, given, right });
    row.querySelector(".rate").dataset.word = sayRating(right[0]);
    this.#showVerdict(row, { given, right, why, closing: kind === "open" && isLastStep(state) ? this.#closing() : "" });
  }

  #updateButton(button, { kind, given, right }) {
    const rating = Number(button.dataset.rating);
    // Behind the reader a row carries the rating that counts; in front of them, the one that they gave.
    button.setAttribute("aria-pressed", String(rating === (kind === "rated" ? right[0] : given)));
    button.classList.toggle("ours", kind === "open" && given !== undefined && right.includes(rating) && rating !== given);
    button.setAttribute("aria-disabled", String(given !== undefined));
  }

  #updateUnjudged(row, kind) {
    row.dataset.kind = kind;
    row.dataset.readable = this.#isReadable(kind);
    row.querySelector(".rate").hidden = true;
  }

  #isReadable(kind) {
    return this.#readAhead || this.#shown.are_options || kind !== "later";
  }

  #showVerdict(row, { given, right, why, closing }) {
    const box = row.querySelector(".verdict");
    box.hidden = given === undefined;
    if (box.hidden) return;
    const kind = verdict({ right }, given);
    box.dataset.kind = kind;
    box.querySelector("use").setAttribute("href", kind === "other" ? FACES[right[0]] : "#icon-check");
    box.querySelector(".verdict-word").textContent = verdictWords(right, given);
    showText(box.querySelector(".verdict-why"), why[given]);
    box.querySelector(".closing").hidden = !closing;
    showText(box.querySelector(".closing"), closing);
  }

  #closing() {
    if (this.#shown.closing) return this.#shown.closing;
    if (this.#shown.steps.at(-1).right[0] === BAD) return say("The first error is found: here you submit. What follows is not rated.");
    return say("All steps are rated and none is Bad: here you submit.");
  }

  #showBar(state) {
    const { lessons, at, isJudged } = state;
    this.#find("welcome").hidden = at > 0 || state.answers[0].length > 0;
    this.#find("progress").textContent = say("Exercise {n} of {count}", { n: at + 1, count: lessons.length });
    this.#continue.setAttribute("aria-disabled", String(!isJudged));
    this.#find("continue-text").textContent = continueWords(state);
    if (isJudged) this.#continue.setAttribute("aria-describedby", this.#judgedRows[step(state)].querySelector(".verdict").id);
    else this.#continue.removeAttribute("aria-describedby");
    this.#find("ticks").replaceChildren(...lessons.map((_, place) => tick(place, at)));
  }

  #click(event, rate) {
    const button = event.target.closest(".rate button");
    if (button && button.closest(".step").dataset.kind === "open") rate(Number(button.dataset.rating));
  }

  #restingTop(row) {
    const header = document.querySelector(".site-header").offsetHeight + GAP;
    const room = innerHeight - (this.#find("bar").offsetHeight + GAP);
    return Math.max(header, Math.min(innerHeight * RESTING_HEIGHT, room - row.offsetHeight));
  }

  get #judgedRows() {
    const from = this.#shown.before.length;
    return this.#rows.slice(from, from + this.#shown.steps.length);
  }

  get #rowsAfter() {
    return this.#rows.slice(this.#shown.before.length + this.#shown.steps.length);
  }

  get #continue() {
    return this.#page.querySelector('[data-act="continue"]');
  }

  #find(name) {
    return this.#page.querySelector(`[data-${name}]`);
  }
}

// One for each lesson: behind, here, ahead.
function tick(place, at) {
  const element = document.createElement("span");
  element.classList.toggle("done", place < at);
  element.classList.toggle("here", place === at);
  return element;
}
