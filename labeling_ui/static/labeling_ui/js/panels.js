// What stands in the place of the desk while there is nothing to work on, each with its own way on: fetching, waiting,
// empty, trouble, another tab, changed rules, a break. Owns every [data-panel].

import { sayMany } from "./words.js";

export class Panels {
  #page;
  #acts = {};
  #name = "loading";

  constructor(page = document) {
    this.#page = page;
  }

  // acts: one for each button's data-go. Enter presses the first one of the panel that is open.
  connect(acts) {
    this.#acts = acts;
    for (const button of this.#page.querySelectorAll("[data-panel] [data-go]")) button.addEventListener("click", () => acts[button.dataset.go]());
  }

  // null: the desk. A panel that is open already leaves the focus where it is.
  show(name) {
    const isNew = this.#name !== name;
    this.#name = name;
    for (const panel of this.#page.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
    for (const part of ["desk", "bar"]) this.#page.querySelector(`[data-${part}]`).hidden = name !== null;
    if (name && isNew) this.#page.querySelector(`[data-panel="${name}"]`).focus({ preventScroll: true });
  }

  is(name) {
    return this.#name === name;
  }

  pressEnter() {
    const button = this.#page.querySelector(`[data-panel="${this.#name}"] [data-go]`);
    if (button) this.#acts[button.dataset.go]();
  }

  showTrouble(sentence) {
    this.#page.querySelector("[data-trouble]").textContent = sentence;
    this.show("trouble");
  }

  showRules({ version, changes }) {
    const text = this.#page.querySelector("[data-changes]");
    text.textContent = changes;
    text.hidden = !changes;
    this.#page.querySelector("[data-new-version]").textContent = version;
    this.show("rules");
  }

  showBreak(minutes) {
    this.#page.querySelector("[data-break-text]").textContent = sayMany("You have worked for {n} minute.", "You have worked for {n} minutes.", minutes);
    this.show("break");
  }
}
