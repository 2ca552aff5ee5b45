// The dialogs: a reason to finish early, a final answer to be confirmed, labels that need attention. Each owns one <dialog>.

import { showBare } from "./maths.js";
import { say } from "./words.js";

// Asks why somebody stops; → the reason in words, or null for "back".
export function askReason(dialog) {
  const form = dialog.querySelector("form");
  const words = form.elements.words;
  const sync = () => needWords(form, words);
  form.reset();
  sync();
  form.addEventListener("input", sync);
  dialog.returnValue = "";
  dialog.showModal();
  form.elements.reason[0].focus();
  return new Promise((resolve) => {
    const close = () => {
      form.removeEventListener("input", sync);
      resolve(dialog.returnValue === "finish" ? reasonIn(form, words) : null);
    };
    dialog.addEventListener("close", close, { once: true });
  });
}

// Options that end the problem, with the answers that they give: are they right? → true to go on.
export function askFinal(dialog, answers, guess) {
  showBare(dialog.querySelector("[data-final-answers]"), answers.join(", "));
  dialog.querySelector("[data-final-guess]").hidden = guess === null;
  if (guess !== null) showBare(dialog.querySelector("[data-final-guess-text]"), guess);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "finish"), { once: true });
  });
}

export class AttentionDialog {
  #dialog;
  #template;
  #outbox;
  #files = [];

  constructor(dialog, template, outbox) {
    this.#dialog = dialog;
    this.#template = template;
    this.#outbox = outbox;
  }

  open() {
    this.#dialog.showModal();
  }

  update(entries) {
    for (const file of this.#files.splice(0)) URL.revokeObjectURL(file);
    this.#dialog.querySelector("[data-attention-list]").replaceChildren(...entries.map((entry) => this.#item(entry)));
    if (entries.length === 0) this.#dialog.close();
  }

  #item(entry) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const when = new Date(entry.at).toLocaleString(document.documentElement.lang);
    item.querySelector("[data-sentence]").textContent = `${when}: ${entry.sentence}`;
    item.querySelector("[data-try]").addEventListener("click", () => this.#outbox.tryAgain(entry.id));
    item.querySelector("[data-remove]").addEventListener("click", () => this.#outbox.remove(entry.id));
    const file = item.querySelector("[data-file]");
    file.href = URL.createObjectURL(new Blob([JSON.stringify(entry, null, 2)], { type: "application/json" }));
    file.download = `label-${entry.id}.json`;
    this.#files.push(file.href);
    return item;
  }
}

// A reason of one's own needs the words; the other reasons say enough.
function needWords(form, words) {
  const isOther = form.querySelector("[data-other]").checked;
  form.querySelector("[data-words-need]").textContent = isOther ? say("(needed)") : say("(optional)");
  words.setCustomValidity(isOther && !words.value.trim() ? say("Please say in a few words why.") : "");
}

function reasonIn(form, words) {
  return [form.elements.reason.value, words.value.trim()].filter(Boolean).join(": ");
}
