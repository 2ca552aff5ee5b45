// The list of keys, where all can be switched off and, on the labeling page, each be changed. Owns the dialog [data-help].

import { nameOf } from "./keymap.js";
import { say } from "./words.js";

export class KeysDialog {
  #dialog;
  #keyboard;
  #waiting = null; // the act that waits for its new key

  constructor(dialog, keyboard) {
    this.#dialog = dialog;
    this.#keyboard = keyboard;
  }

  connect() {
    const box = this.#dialog.querySelector("[data-single-keys]");
    box.addEventListener("change", () => (this.#keyboard.isOn = box.checked));
    for (const button of this.#dialog.querySelectorAll("[data-change]")) {
      button.addEventListener("click", () => this.#wait(button.dataset.change));
    }
    this.#dialog.querySelector("[data-reset-keys]")?.addEventListener("click", () => this.#keyboard.reset());
    this.#dialog.addEventListener("keydown", (event) => this.#hear(event), { capture: true });
    this.#dialog.addEventListener("close", () => this.#wait(null));
    this.#keyboard.addEventListener("change", () => this.#show());
    this.#show();
  }

  open() {
    this.#say("");
    this.#dialog.showModal();
  }

  #wait(act) {
    this.#waiting = act;
    for (const button of this.#dialog.querySelectorAll("[data-change]")) {
      button.setAttribute("aria-pressed", String(button.dataset.change === act));
    }
    this.#say(act ? say("Press the new key for “{act}”, or Escape to leave it.", { act: this.#nameOf(act) }) : "");
  }

  #hear(event) {
    if (!this.#waiting || ["Tab", "Shift"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const act = this.#waiting;
    this.#wait(null);
    if (event.key === "Escape") return;
    const trouble = this.#keyboard.change(act, event.key);
    if (trouble?.trouble === "reserved") this.#say(say("This key belongs to the browser."));
    else if (trouble) this.#say(say("This key is taken: “{act}”.", { act: this.#nameOf(trouble.by) }));
    else this.#say(say("The key was changed."));
  }

  #show() {
    const box = this.#dialog.querySelector("[data-single-keys]");
    box.checked = this.#keyboard.isOn;
    document.body.classList.toggle("without-keys", !this.#keyboard.isOn);
    for (const [act, keys] of Object.entries(this.#keyboard.map)) {
      const place = this.#dialog.querySelector(`[data-keys-of="${act}"]`);
      place?.replaceChildren(...keys.flatMap((key) => [keycap(key), " "]));
    }
    this.#keyboard.label(document.body);
    // Rows and cards that are copied later, too.
    for (const { content } of document.querySelectorAll("template")) this.#keyboard.label(content);
  }

  #nameOf(act) {
    return this.#dialog.querySelector(`[data-name-of="${act}"]`)?.textContent.trim() ?? act;
  }

  #say(text) {
    this.#dialog.querySelector("[data-keys-note]")?.replaceChildren(text);
  }
}

function keycap(key) {
  const cap = document.createElement("kbd");
  cap.textContent = nameOf(key);
  return cap;
}
