// Cards that are rated beside each other: other steps for one place, explanations of a mistake, a question. Owns the
// list that it is given; shows [{kind, text, points, rating, flagged, isFixed}] and reports what is pressed.

import { fitFormulas, showText } from "./maths.js";
import { say } from "./words.js";

export class CardsView {
  #list;
  #templates;
  #isUpright;
  #cards = [];

  // isUpright: the three faces stand above each other, the best one first, as in phase 1.
  constructor(list, templates, { isUpright = false } = {}) {
    this.#list = list;
    this.#templates = templates;
    this.#isUpright = isUpright;
  }

  // rate(place, rating) · flag(place)
  connect({ rate, flag }) {
    this.#list.addEventListener("click", (event) => this.#click(event, rate, flag));
  }

  show(items) {
    this.#cards = items.map((item, place) => this.#card(item, place, items.length));
    this.#list.replaceChildren(...this.#cards);
    fitFormulas(this.#list);
  }

  update(items, cursor) {
    for (const [place, card] of this.#cards.entries()) {
      const { rating, flagged } = items[place];
      if (place === cursor) card.setAttribute("aria-current", "step");
      else card.removeAttribute("aria-current");
      if (rating === null || items[place].kind === "progress") delete card.dataset.rating;
      else card.dataset.rating = rating;
      for (const button of card.querySelectorAll("[data-value]")) {
        button.setAttribute("aria-pressed", String(Number(button.dataset.value) === rating));
      }
      card.querySelector("[data-unsure]")?.setAttribute("aria-pressed", String(flagged));
    }
  }

  settle(place) {
    const card = this.#cards[place];
    if (!card) return;
    card.focus({ preventScroll: true });
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    card.scrollIntoView({ block: "nearest", behavior: calm ? "instant" : "smooth" });
  }

  #card(item, place, count) {
    const card = (item.kind === "progress" ? this.#templates.question : this.#templates.card).content.firstElementChild.cloneNode(true);
    card.dataset.place = place;
    card.dataset.kind = item.kind;
    card.setAttribute("aria-label", item.isFixed ? say("The step itself") : say("{place} of {count}", { place: place + 1, count }));
    if (item.kind === "progress") addPoints(card, item.points);
    else showText(card.querySelector("[data-text]"), item.text);
    if (this.#isUpright) card.querySelector(".rate").append(...[...card.querySelectorAll(".rate button")].reverse());
    if (!["alternative", "option"].includes(item.kind) || item.isFixed) card.querySelector("[data-unsure]")?.remove();
    if (item.isFixed) for (const button of card.querySelectorAll("button")) button.disabled = true;
    return card;
  }

  #click(event, rate, flag) {
    const button = event.target.closest("button");
    const place = Number(button?.closest("[data-place]")?.dataset.place);
    if (button?.dataset.value !== undefined) rate(place, Number(button.dataset.value));
    else if (button?.dataset.unsure !== undefined) flag(place);
  }
}

function addPoints(card, points) {
  const row = card.querySelector(".points");
  for (let value = 1; value <= points; value += 1) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.value = value;
    button.setAttribute("aria-pressed", "false");
    button.textContent = value;
    row.append(button);
  }
}
