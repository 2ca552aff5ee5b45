// The practice run: joins the pure state with the desk, the summary and the keys. Answers stay in this browser.

import { Api } from "./api.js";
import { Keyboard } from "./keyboard.js";
import { KeysDialog } from "./keys_dialog.js";
import { BAD, GREAT, OKAY } from "./label_state.js";
import { begin, isOver, next, toKeep } from "./practice_state.js";
import { PracticeSummary } from "./practice_summary.js";
import { PracticeView } from "./practice_view.js";

class PracticePage {
  #config;
  #state;
  #view;
  #summary;
  #storage;
  #keyboard;

  constructor(config) {
    this.#config = config;
    this.#storage = `stepmark-practice-${config.user}-${config.phase}`;
    this.#state = begin(config.lessons, this.#kept());
    this.#view = new PracticeView(document, { readAhead: config.read_ahead });
    this.#summary = new PracticeSummary(document, config.themes);
  }

  connect() {
    const acts = {
      bad: () => this.#rate(BAD),
      okay: () => this.#rate(OKAY),
      great: () => this.#rate(GREAT),
      submit: () => this.#change({ type: "continue" }),
      next: () => this.#change({ type: "continue" }),
      instructions: () => find("opens-instructions").click(),
      help: () => keys.open(),
    };
    this.#keyboard = new Keyboard(acts);
    const keys = new KeysDialog(find("help"), this.#keyboard);
    this.#view.connect({ rate: (rating) => this.#rate(rating), go: acts.submit });
    this.#keyboard.connect();
    keys.connect();
    find("bar").querySelector('[data-act="help"]').addEventListener("click", acts.help);
    for (const button of document.querySelectorAll("[data-restart]")) button.addEventListener("click", () => this.#change({ type: "restart" }));
    this.#show();
  }

  #rate(rating) {
    this.#change({ type: "rate", rating });
  }

  #change(event) {
    const before = this.#state;
    this.#state = next(before, event);
    if (this.#state === before) return;
    this.#keep();
    this.#show();
  }

  #show() {
    const over = isOver(this.#state);
    find("desk").hidden = find("bar").hidden = over;
    find("summary").hidden = !over;
    if (over) {
      find("welcome").hidden = true;
      return this.#end();
    }
    this.#view.show(this.#state);
    this.#keyboard.label(find("steps"));
    this.#view.settle(this.#state);
  }

  // The server notes that the run was finished, and nothing else. Should it be away, "Start labeling" tells it again.
  #end() {
    this.#summary.show(this.#state);
    if (this.#config.done) new Api({ csrfCookie: this.#config.csrf_cookie }).post(this.#config.done, {});
  }

  // A browser that keeps nothing costs the way back after a reload, and no more.
  #keep() {
    try {
      localStorage.setItem(this.#storage, JSON.stringify(toKeep(this.#state)));
    } catch {}
  }

  #kept() {
    try {
      return JSON.parse(localStorage.getItem(this.#storage));
    } catch {
      return null;
    }
  }
}

function find(name) {
  return document.querySelector(`[data-${name}]`);
}

new PracticePage(JSON.parse(document.getElementById("practice-config").textContent)).connect();
