// A phase-1 dialogue on the page: the steps so far as a conversation, below them the options as cards, or the form for a
// step of one's own. Owns [data-dialogue]; shows a state of dialogue_state.js.

import { CardsView } from "./cards_view.js";
import { isStalled } from "./dialogue_state.js";
import { fitFormulas, showText } from "./maths.js";
import { say } from "./words.js";

const ANSWER = "\n\n# Answer\n\n";

export class DialogueView {
  #element;
  #cards;
  #shown = { path: null, options: null, stage: "" };

  constructor(element) {
    this.#element = element;
    this.#cards = new CardsView(this.#part("option-cards"), { card: document.querySelector("[data-card-template]") }, { isUpright: true });
  }

  // acts: {rate(option, rating), flag(option), own(text), back(), write(), submit(), ask()}
  connect({ rate, flag, own, back, write, submit, ask }) {
    this.#cards.connect({ rate, flag });
    for (const name of ["own-text", "own-answer"]) this.#part(name).addEventListener("input", () => own(this.#own));
    this.#part("compose").addEventListener("keydown", (event) => {
      if (event.key === "Escape") back();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.matches("input"))) submit();
      if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
    });
    this.#part("compose-back").addEventListener("click", back);
    this.#part("write-own").addEventListener("click", write);
    this.#part("ask-again").addEventListener("click", ask);
  }

  open() {
    this.#shown = { path: null, options: null, stage: "" };
    this.#element.hidden = false;
  }

  close() {
    this.#element.hidden = true;
  }

  update(state, { isTyping, trouble }) {
    this.#showPath(state.path);
    this.#showStage(state);
    if (state.stage === "rating") this.#showOptions(state);
    if (state.stage === "composing") this.#showOwn(state, { isTyping, trouble });
    this.#shown = { path: state.path, options: state.options, stage: state.stage };
  }

  focusOwn() {
    this.#part("own-text").focus();
  }

  showTrouble(sentence) {
    this.#part("preparing-text").textContent = sentence;
    this.#part("ask-again").hidden = false;
  }

  get #own() {
    const text = this.#part("own-text").value.trim();
    const answer = this.#part("own-answer").value.trim();
    return answer ? `${text}${ANSWER}${answer}`.trim() : text;
  }

  #showStage(state) {
    const { stage, options } = state;
    for (const name of ["rating", "composing", "asking"]) this.#part(`stage-${name}`).hidden = stage !== name;
    this.#part("stalled").hidden = !isStalled(state);
    this.#part("compose-back").hidden = options.length === 0;
    if (stage === "asking") {
      this.#part("ask-again").hidden = true;
      this.#part("preparing-text").textContent = say("The next options are being prepared…");
    }
  }

  #showPath(path) {
    if (path === this.#shown.path) return;
    const bubbles = path.map(({ text, chosen }, step) => this.#bubble(text, step, chosen === null));
    this.#part("path").replaceChildren(...bubbles);
    fitFormulas(this.#part("path"));
  }

  #bubble(text, step, isOwn) {
    const bubble = document.querySelector("[data-bubble-template]").content.firstElementChild.cloneNode(true);
    bubble.classList.toggle("answering", step % 2 === 1);
    bubble.querySelector("[data-own-mark]").hidden = !isOwn;
    bubble.querySelector(".step-number").textContent = step + 1;
    showText(bubble.querySelector(".maths"), text);
    return bubble;
  }

  #showOptions(state) {
    const items = state.options.map((text, option) => ({ kind: "option", text, rating: state.ratings[option], flagged: state.flagged[option] }));
    const isNew = state.options !== this.#shown.options || this.#shown.stage !== "rating";
    if (isNew) this.#cards.show(items);
    this.#cards.update(items, state.cursor);
    this.#cards.settle(state.cursor);
  }

  #showOwn(state, { isTyping, trouble }) {
    const [text, answer = ""] = state.own.split(ANSWER);
    const isNew = this.#shown.stage !== "composing";
    if (isNew) [this.#part("own-text").value, this.#part("own-answer").value] = [text, answer];
    showText(this.#part("preview"), state.own || " ");
    fitFormulas(this.#part("preview"));
    this.#part("own-trouble").textContent = trouble === "duplicate" ? say("Your step stands there already.") : "";
    if (isNew && !isTyping) this.focusOwn();
  }

  #part(name) {
    return this.#element.querySelector(`[data-${name}]`);
  }
}
