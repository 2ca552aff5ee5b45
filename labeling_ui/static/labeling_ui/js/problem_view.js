// The problem, and the guess of its answer: open, behind a key, or not there at all. Owns [data-problem].

import { fitFormulas, showBare, showText } from "./maths.js";

export class ProblemView {
  #element;

  constructor(element) {
    this.#element = element;
  }

  // reveal() is called by the button that shows the guess.
  connect({ reveal }) {
    this.#part("reveal").addEventListener("click", reveal);
  }

  show({ problem, policies }, { isAnswerShown }) {
    showText(this.#part("problem-text"), problem.text);
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
