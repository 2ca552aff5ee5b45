// The sheet below the first error: the step itself, already rated, and everything else that is asked about it. Owns
// [data-error-sheet]; shows a state of error_state.js.

import { CardsView } from "./cards_view.js";
import { showText } from "./maths.js";
import { say } from "./words.js";

export class ErrorView {
  #sheet;
  #original;
  #groups = {};
  #items = {}; // kind → places of its items in the state

  constructor(sheet) {
    this.#sheet = sheet;
    const templates = { card: document.querySelector("[data-card-template]"), question: document.querySelector("[data-question-template]") };
    this.#original = this.#part("original");
    for (const kind of ["progress", "critique", "alternative"]) this.#groups[kind] = new CardsView(this.#part(`${kind}-cards`), templates);
  }

  // acts: {rate(item, rating), flag(item), own(text), back(), skip(), submit()}
  connect({ rate, flag, own, back, skip, submit }) {
    for (const [kind, view] of Object.entries(this.#groups)) {
      view.connect({ rate: (place, rating) => rate(this.#items[kind][place], rating), flag: (place) => flag(this.#items[kind][place]) });
    }
    this.#part("own").addEventListener("input", ({ target }) => own(target.value));
    this.#part("own").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
      if (event.key === "Escape") event.target.blur();
    });
    this.#part("back").addEventListener("click", back);
    this.#part("skip").addEventListener("click", skip);
  }

  show(state, original) {
    this.#open("questions");
    showText(this.#original, original);
    for (const [kind, view] of Object.entries(this.#groups)) {
      this.#items[kind] = state.items.flatMap((item, place) => (item.kind === kind ? [place] : []));
      view.show(this.#items[kind].map((place) => state.items[place]));
      this.#part(`${kind}-group`).hidden = this.#items[kind].length === 0;
    }
    this.#part("own").value = state.own;
  }

  update(state, { needsOwn }) {
    for (const [kind, view] of Object.entries(this.#groups)) {
      const places = this.#items[kind];
      view.update(places.map((place) => state.items[place]), places.indexOf(state.cursor));
    }
    this.#part("own-group").hidden = !needsOwn;
  }

  settle(state) {
    const item = state.items[state.cursor];
    if (item) this.#groups[item.kind].settle(this.#items[item.kind].indexOf(state.cursor));
    else this.focusOwn(); // nothing but an explanation of one's own is asked
  }

  focusOwn() {
    this.#part("own").focus();
  }

  showWaiting() {
    this.#open("waiting");
    this.#part("waiting-text").textContent = say("Other steps for this place are being prepared…");
  }

  // Enter tries again, as the bar says: so the button beside it does not take the focus.
  showTrouble(sentence) {
    this.#open("waiting");
    const nothing = say("Other steps for this place cannot be fetched now.");
    this.#part("waiting-text").textContent = sentence ? `${nothing} ${sentence}` : nothing;
  }

  close() {
    this.#sheet.hidden = true;
    document.body.classList.remove("after-error");
  }

  #open(part) {
    this.#sheet.hidden = false;
    document.body.classList.add("after-error");
    this.#part("questions").hidden = part !== "questions";
    this.#part("waiting").hidden = part !== "waiting";
    if (part === "waiting") this.#sheet.scrollIntoView({ block: "nearest" });
  }

  #part(name) {
    return this.#sheet.querySelector(`[data-${name}]`);
  }
}
