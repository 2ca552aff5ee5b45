import assert from "node:assert/strict";
import test from "node:test";

import { Keyboard } from "../../labeling_ui/static/labeling_ui/js/keyboard.js";

// What the browser gives: a page that hears keys, an element inside others, a storage.
function inside(...selectors) {
  return { closest: (selector) => selectors.some((one) => selector.split(", ").includes(one)) || null };
}

function storageWith(items = {}) {
  return { items, getItem: (key) => items[key] ?? null, setItem: (key, value) => void (items[key] = value) };
}

function fullStorage(items = {}) {
  const refuse = () => {
    throw new Error("full");
  };
  return { ...storageWith(items), setItem: refuse };
}

// A keyboard that is connected. press(key) → the acts that it brought about, and whether the browser was kept from its own.
function world({ storage = storageWith(), open = null } = {}) {
  const heard = [];
  const acts = Object.fromEntries(["bad", "submit", "previous"].map((act) => [act, () => heard.push(act)]));
  const page = new EventTarget();
  const keyboard = new Keyboard(acts, storage);
  keyboard.connect(page);
  const press = (key, { target = inside(), ...more } = {}) => {
    heard.length = 0;
    globalThis.document = { querySelector: (selector) => (selector.split(", ").includes(open) ? {} : null) };
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key, ...more });
    Object.defineProperty(event, "target", { value: target });
    page.dispatchEvent(event);
    delete globalThis.document;
    return [...heard, ...(event.defaultPrevented ? ["kept"] : [])];
  };
  return { keyboard, press, storage };
}

test("a key brings about its act, and nothing of the browser's", () => {
  assert.deepEqual(world().press("1"), ["bad", "kept"]);
});

test("a key without an act, or with one that this page lacks, is the browser's", () => {
  const { press } = world();
  assert.deepEqual(press("a"), []);
  assert.deepEqual(press("2"), []);
});

test("somebody who types is left alone", () => {
  const { press } = world();
  for (const field of ["input", "textarea", "select", "[contenteditable]"]) assert.deepEqual(press("1", { target: inside(field) }), [], field);
});

test("Enter on a button or link is that button's, other keys are not", () => {
  const { press } = world();
  for (const element of ["button", "a", "summary"]) assert.deepEqual(press("Enter", { target: inside(element) }), [], element);
  assert.deepEqual(press("Enter"), ["submit", "kept"]);
  assert.deepEqual(press("1", { target: inside("button") }), ["bad", "kept"]);
});

test("a key that comes from nowhere on the page counts too", () => {
  const { press } = world();
  assert.deepEqual(press("1", { target: null }), ["bad", "kept"]);
  assert.deepEqual(press("Enter", { target: {} }), ["submit", "kept"]);
});

test("while a dialog or the account menu is open the keys are silent", () => {
  for (const open of ["dialog[open]", "[popover]:popover-open"]) assert.deepEqual(world({ open }).press("1"), [], open);
});

test("single keys can be switched off, and on again, for later pages too", () => {
  const { keyboard, press, storage } = world();
  assert.equal(keyboard.isOn, true);
  keyboard.isOn = false;
  assert.deepEqual(press("1"), []);
  assert.equal(world({ storage }).keyboard.isOn, false);
  keyboard.isOn = true;
  assert.deepEqual(press("1"), ["bad", "kept"]);
  assert.equal(world({ storage }).keyboard.isOn, true);
});

test("a changed key acts at once, and on later pages", () => {
  const { keyboard, press, storage } = world();
  assert.equal(keyboard.change("bad", "x"), null);
  assert.deepEqual(press("x"), ["bad", "kept"]);
  assert.deepEqual(press("1"), []);
  assert.deepEqual(world({ storage }).keyboard.map.bad, ["x"]);
});

test("a key that is taken changes nothing, and says whose it is", () => {
  const { keyboard, storage } = world();
  assert.deepEqual(keyboard.change("bad", "2"), { trouble: "taken", by: "okay" });
  assert.deepEqual(keyboard.map.bad, ["1", "j"]);
  assert.deepEqual(storage.items, {});
});

test("all keys can be as they were at first", () => {
  const { keyboard, storage } = world();
  keyboard.change("bad", "x");
  keyboard.change("okay", "y");
  keyboard.reset();
  assert.deepEqual([keyboard.map.bad, keyboard.map.okay], [["1", "j"], ["2", "k"]]);
  assert.deepEqual(world({ storage }).keyboard.map.bad, ["1", "j"]);
});

test("every change is told, so that the page can show it", () => {
  const { keyboard } = world();
  let told = 0;
  keyboard.addEventListener("change", () => (told += 1));
  keyboard.change("bad", "x");
  keyboard.isOn = false;
  keyboard.reset();
  keyboard.change("bad", "Tab");
  assert.equal(told, 3);
});

test("switching the keys leaves a person's own keys alone", () => {
  const { keyboard } = world();
  keyboard.change("bad", "x");
  keyboard.isOn = false;
  assert.deepEqual(keyboard.map.bad, ["x"]);
});

test("where the device is full every change holds for this page", () => {
  const { keyboard, press } = world({ storage: fullStorage() });
  keyboard.change("bad", "x");
  keyboard.change("okay", "y");
  assert.deepEqual([keyboard.map.bad, keyboard.map.okay], [["x"], ["y"]]);
  keyboard.isOn = false;
  assert.deepEqual(press("x"), []);
  keyboard.isOn = true;
  assert.deepEqual(press("x"), ["bad", "kept"]);
  keyboard.reset();
  assert.deepEqual(keyboard.map.bad, ["1", "j"]);
});

test("a device that has room again keeps what comes after", () => {
  const storage = fullStorage();
  const { keyboard } = world({ storage });
  keyboard.change("bad", "x");
  storage.setItem = storageWith(storage.items).setItem;
  keyboard.change("okay", "y");
  assert.deepEqual(JSON.parse(storage.items["stepmark-keys"]), { bad: ["x"], okay: ["y"] });
  storage.items["stepmark-keys"] = '{"bad": ["z"]}';
  keyboard.isOn = true;
  assert.deepEqual(keyboard.map.bad, ["z"]);
});

test("stored keys that cannot be read are the first ones", () => {
  for (const text of ["not JSON", "null", "5"]) assert.deepEqual(world({ storage: storageWith({ "stepmark-keys": text }) }).keyboard.map.bad, ["1", "j"], text);
});

test("after disconnecting no key acts", () => {
  const { keyboard, press } = world();
  keyboard.disconnect();
  assert.deepEqual(press("1"), []);
  assert.doesNotThrow(() => new Keyboard({}, storageWith()).disconnect());
});

test("buttons show their key, and tell it to a screen reader", () => {
  const { keyboard } = world();
  const place = (act, hasButton) => {
    const attributes = {};
    const button = { setAttribute: (name, value) => (attributes[name] = value) };
    return { dataset: { key: act }, textContent: "", attributes, closest: () => (hasButton ? button : null) };
  };
  const [bad, bare, unknown] = [place("bad", true), place("previous", false), place("fly", true)];
  keyboard.label({ querySelectorAll: () => [bad, bare, unknown] });
  assert.deepEqual([bad.textContent, bad.attributes], ["1", { "aria-keyshortcuts": "1 j" }]);
  assert.equal(bare.textContent, "↑");
  assert.deepEqual([unknown.textContent, unknown.attributes], ["", { "aria-keyshortcuts": "" }]);
});
