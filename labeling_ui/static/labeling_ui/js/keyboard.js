// Hears the keys of the labeling page. Single keys can be changed and switched off (WCAG 2.1.4), and are silent while
// somebody types. Every element with data-key="act" shows its key.

import { actFor, assign, keymap, nameOf } from "./keymap.js";

const SWITCH = "stepmark-single-keys";
const OWN = "stepmark-keys";
const TYPED_INTO = "input, textarea, select, [contenteditable]";
const STANDS_ABOVE = "dialog[open], [popover]:popover-open";
const ANSWERS_ENTER = "a, button, summary";

export class Keyboard extends EventTarget {
  #acts;
  #storage;
  #unkept = new Map(); // what a full device refused holds for this page only
  #map;
  #listeners = null;

  // acts: {bad() {…}, …}; an act that is missing does nothing.
  constructor(acts, storage = localStorage) {
    super();
    this.#acts = acts;
    this.#storage = storage;
    this.#map = keymap(this.#own);
  }

  connect(page = document) {
    this.#listeners = new AbortController();
    page.addEventListener("keydown", (event) => this.#hear(event), { signal: this.#listeners.signal });
  }

  disconnect() {
    this.#listeners?.abort();
  }

  get isOn() {
    return this.#read(SWITCH) !== "off";
  }

  set isOn(on) {
    this.#keep(SWITCH, on ? "on" : "off");
  }

  get map() {
    return this.#map;
  }

  // → null, or the trouble that keymap.assign met.
  change(act, key) {
    const answer = assign(this.#own, act, key);
    if (answer.trouble) return answer;
    this.#keep(OWN, JSON.stringify(answer.own));
    return null;
  }

  reset() {
    this.#keep(OWN, "{}");
  }

  // Put the keys on the buttons below an element.
  label(element) {
    for (const place of element.querySelectorAll("[data-key]")) {
      const keys = this.#map[place.dataset.key] ?? [];
      place.textContent = keys.map(nameOf)[0] ?? "";
      place.closest("button")?.setAttribute("aria-keyshortcuts", keys.join(" "));
    }
  }

  #keep(name, value) {
    try {
      this.#storage.setItem(name, value);
      this.#unkept.delete(name);
    } catch {
      this.#unkept.set(name, value);
    }
    this.#map = keymap(this.#own);
    this.dispatchEvent(new Event("change"));
  }

  #read(name) {
    return this.#unkept.get(name) ?? this.#storage.getItem(name);
  }

  get #own() {
    try {
      return JSON.parse(this.#read(OWN)) ?? {};
    } catch {
      return {};
    }
  }

  #hear(event) {
    if (!this.isOn || document.querySelector(STANDS_ABOVE) || isElsewhere(event)) return;
    const act = this.#acts[actFor(this.#map, event)];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

// A field that takes the text, or a button that answers Enter itself.
function isElsewhere({ key, target }) {
  return Boolean(target?.closest?.(TYPED_INTO) || (key === "Enter" && target?.closest?.(ANSWERS_ENTER)));
}
