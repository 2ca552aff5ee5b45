// The problem, and the guess of its answer: open, behind a key, or not there at all. Owns [data-problem].

import { fitFormulas, showBare, showText } from "./maths.js";

export class ProblemView {
  #element;
  #prepared = { slot: null, text: null };

  constructor(element) {
    this.#element = element;
  }

  // reveal() is called by the button that shows the guess.
  connect({ reveal }) {
    this.#part("reveal").addEventListener("click", reveal);
  }

  // Typeset the next problem while nobody waits for it.
  prepare({ slot, problem }) {
    const text = document.createElement("div");
    showText(text, problem.text);
    this.#prepared = { slot, text };
  }

  show({ slot, problem, policies }, { isAnswerShown }) {
    if (this.#prepared.slot !== slot) this.prepare({ slot, problem });
    this.#part("problem-text").replaceChildren(...this.#prepared.text.childNodes);
    this.#prepared = { slot: null, text: null };
    this.#part("subject").textContent = problem.subject;
    this.#part("subject").hidden = !problem.subject;
    this.#part("reveal").hidden = policies.answer !== "on_demand" || problem.answer === null || isAnswerShown;
    if (problem.answer !== null && isAnswerShown) this.showAnswer(problem.answer);
    else this.#part("guess").hidden = true;
    fitFormulas(this.#element);
  }

  showAnswer(answer) {
    this.#part("reveal").hidden = true;
    this.#part("guess").hidden = false;
    showBare(this.#part("guess-text"), answer);
    fitFormulas(this.#element);
  }

  #part(name) {
    return this.#element.querySelector(`[data-${name}]`);
  }
}
