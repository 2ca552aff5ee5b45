// The end of a practice run: what was missed, by theme. Owns [data-summary].

import { fitFormulas, showText } from "./maths.js";
import { summary } from "./practice_state.js";
import { verdictWords } from "./practice_words.js";
import { say, sayMany } from "./words.js";

export class PracticeSummary {
  #page;
  #themes;

  constructor(page, themes) {
    this.#page = page;
    this.#themes = themes;
  }

  show(state) {
    const { rated, right, missed } = summary(state);
    this.#find("summary-count").textContent = missed.length
      ? say("You judged {right} of {rated} steps as we do. Here is what to look out for:", { right, rated })
      : say("You judged all {rated} steps as we do.", { rated });
    this.#find("themes").replaceChildren(...missed.map((one) => this.#theme(one)));
    scrollTo({ top: 0, behavior: "instant" });
    this.#find("summary").querySelector("h1").focus({ preventScroll: true });
    for (const text of this.#find("themes").querySelectorAll(".maths")) fitFormulas(text);
  }

  #theme({ theme, steps }) {
    const { title, advice } = this.#themes[theme];
    const group = this.#copy("theme-template");
    group.querySelector("[data-title]").textContent = title;
    group.querySelector("[data-count]").textContent = sayMany("{n} step", "{n} steps", steps.length);
    group.querySelector("[data-advice]").textContent = advice;
    group.querySelector("[data-missed]").append(...steps.map((one) => this.#missed(one)));
    // A formula in a closed box has no width to be fitted to.
    group.addEventListener("toggle", () => fitFormulas(group));
    return group;
  }

  #missed({ lesson, step, rating }) {
    const item = this.#copy("missed-template");
    showText(item.querySelector("[data-of]"), lesson.title);
    showText(item.querySelector("[data-text]"), step.text);
    item.querySelector("[data-word]").textContent = verdictWords(step.right, rating);
    showText(item.querySelector("[data-why]"), step.why[rating]);
    return item;
  }

  #copy(name) {
    return this.#find(name).content.firstElementChild.cloneNode(true);
  }

  #find(name) {
    return this.#page.querySelector(`[data-${name}]`);
  }
}
