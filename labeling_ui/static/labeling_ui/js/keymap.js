// Which key does what: the defaults, a person's own choice, and the rules between them. Pure.

export const DEFAULTS = {
  bad: ["1", "j"],
  okay: ["2", "k"],
  great: ["3", "l"],
  fourth: ["4"],
  fifth: ["5"],
  submit: ["Enter"],
  previous: ["ArrowUp", "Backspace"],
  next: ["ArrowDown"],
  peek: ["ArrowRight"],
  answer: ["r"],
  unsure: ["f"],
  write: ["w"],
  undo: ["u"],
  history: ["h"],
  instructions: ["i"],
  give_up: ["g"],
  bad_problem: ["b"],
  help: ["?"],
};

// Held down, only these act again: nobody rates ten steps by leaning on a key.
const REPEATING = ["previous", "next"];
const NAMES = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Enter: "Enter", Backspace: "⌫", " ": "␣" };
// Keys with a meaning of their own in every browser.
const RESERVED = ["Tab", "Escape", "Shift", "Control", "Alt", "Meta", " ", "Dead", "Unidentified", "Process"];

// `own`: {act: [keys]}, as far as somebody changed them. → {act: [keys]}, every key once.
export function keymap(own = {}) {
  const chosen = Object.entries(own).filter(([act, keys]) => act in DEFAULTS && Array.isArray(keys));
  const taken = new Set(chosen.flatMap(([, keys]) => keys));
  const map = {};
  for (const [act, keys] of Object.entries(DEFAULTS)) map[act] = keys.filter((key) => !taken.has(key));
  return { ...map, ...Object.fromEntries(chosen) };
}

// A key for an act in place of the ones it has. → {own} to be kept, or {trouble: "reserved" | "taken", by: act}
export function assign(own, act, key) {
  const wanted = normal(key);
  if (RESERVED.includes(key)) return { trouble: "reserved", by: null };
  const holder = Object.entries(keymap(own)).find(([other, keys]) => other !== act && keys.includes(wanted));
  if (holder) return { trouble: "taken", by: holder[0] };
  return { own: { ...own, [act]: [wanted] } };
}

// The act that a key press means, or null.
export function actFor(map, { key, repeat = false, ctrlKey, metaKey, altKey, isComposing, defaultPrevented }) {
  if (defaultPrevented || isComposing || ctrlKey || metaKey || altKey) return null;
  const wanted = normal(key);
  const act = Object.keys(map).find((name) => map[name].includes(wanted)) ?? null;
  return repeat && !REPEATING.includes(act) ? null : act;
}

export function nameOf(key) {
  return NAMES[key] ?? key.toUpperCase();
}

function normal(key) {
  return key.length === 1 ? key.toLowerCase() : key;
}
