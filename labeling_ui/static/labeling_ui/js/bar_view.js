// The bar below: progress, Submit with what is still missing, and the other ways to finish. Owns [data-bar].

export class BarView {
  #bar;

  constructor(bar) {
    this.#bar = bar;
  }

  // acts: one for each button's data-act.
  connect(acts) {
    for (const button of this.#bar.querySelectorAll("[data-act]")) button.addEventListener("click", () => acts[button.dataset.act]?.());
  }

  // ticks: [{rating?, here?}], one for each step.
  update({ submit, hint = "", isReady, progress = "", ticks = [] }) {
    this.#part("act=\"submit\"").setAttribute("aria-disabled", String(!isReady));
    this.#write("submit-text", submit);
    this.#write("submit-hint", hint);
    this.#write("progress", progress);
    this.#showTicks(ticks);
  }

  // Something was handed in that can be undone.
  offerUndo(isThere) {
    this.#part("act=\"undo\"").hidden = !isThere;
  }

  #write(name, text) {
    const part = this.#part(name);
    if (part.textContent !== text) part.textContent = text;
  }

  #part(name) {
    return this.#bar.querySelector(`[data-${name}]`);
  }

  #showTicks(ticks) {
    const row = this.#part("ticks");
    while (row.children.length < ticks.length) row.append(document.createElement("span"));
    while (row.children.length > ticks.length) row.lastChild.remove();
    for (const [place, { rating, here = false }] of ticks.entries()) {
      const tick = row.children[place];
      if (rating === undefined || rating === null) delete tick.dataset.rating;
      else tick.dataset.rating = rating;
      tick.classList.toggle("here", here);
    }
  }
}
