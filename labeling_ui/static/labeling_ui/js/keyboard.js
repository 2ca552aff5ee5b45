// Single keys for every act of the page. They can be switched off (WCAG 2.1.4) and are silent while somebody types.

const KEYS = {
  1: "bad",
  2: "okay",
  3: "great",
  Enter: "submit",
  Backspace: "previous",
  ArrowUp: "previous",
  ArrowDown: "next",
  g: "give_up",
  b: "bad_problem",
  "?": "help",
};
const SWITCH = "stepmark-single-keys";
const TYPED_INTO = "input, textarea, select, [contenteditable]";
const ANSWERS_ENTER = "a, button, summary";

export class Keyboard {
  #acts;
  #listeners = null;

  // acts: {bad() {…}, …}, one for each name in KEYS.
  constructor(acts) {
    this.#acts = acts;
  }

  connect(page = document) {
    this.#listeners = new AbortController();
    page.addEventListener("keydown", (event) => this.#hear(event), { signal: this.#listeners.signal });
  }

  disconnect() {
    this.#listeners?.abort();
  }

  get isOn() {
    return localStorage.getItem(SWITCH) !== "off";
  }

  set isOn(on) {
    localStorage.setItem(SWITCH, on ? "on" : "off");
  }

  #hear(event) {
    const act = actFor(event);
    if (!act || !this.isOn || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.#acts[act]();
  }
}

// The act that a key press means, or null. A held key acts once: nobody rates ten steps by leaning on a key.
export function actFor(event) {
  const { key, target } = event;
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (target?.closest?.(TYPED_INTO)) return null;
  if (key === "Enter" && target?.closest?.(ANSWERS_ENTER)) return null;
  const act = KEYS[key.length === 1 ? key.toLowerCase() : key] ?? null;
  const mayRepeat = key.startsWith("Arrow");
  return event.repeat && !mayRepeat ? null : act;
}
