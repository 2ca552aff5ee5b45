// Before an import is confirmed: how many lines are left out as the kinds of doubt are ticked. Owns [data-leave-out].
// Without it the form works as well, and says only how many lines have each kind.

import { say, sayMany } from "./words.js";

/** How many lines have one of the ticked kinds in them, and how many have none. */
export function parted(linesByDoubts, ticked) {
  const parts = { left: 0, taken: 0 };
  for (const [kinds, lines] of linesByDoubts) {
    parts[kinds.some((kind) => ticked.includes(kind)) ? "left" : "taken"] += lines;
  }
  return parts;
}

class LeaveOut {
  #form;
  #lines;
  #button;
  #plain;

  constructor(form) {
    this.#form = form;
    this.#lines = JSON.parse(form.querySelector("#lines-by-doubts").textContent);
    this.#button = document.querySelector(`button[form="${form.id}"]`);
    this.#plain = this.#button.textContent;
  }

  connect() {
    this.#form.addEventListener("change", () => this.#tell());
    this.#tell(); // a page that was left and came back keeps its ticks
  }

  #tell() {
    const ticked = [...this.#form.querySelectorAll(":checked")].map((box) => box.value);
    const { left, taken } = parted(this.#lines, ticked);
    const told = sayMany("{n} line is left out.", "{n} lines are left out.", left);
    this.#form.querySelector("[data-left-out]").textContent = taken ? told : say("Nothing would be left of this file.");
    this.#button.textContent = left ? say("Import without these lines") : this.#plain;
    this.#button.disabled = taken === 0;
  }
}

const form = globalThis.document?.querySelector("[data-leave-out]:has(#lines-by-doubts)");
if (form) new LeaveOut(form).connect();
