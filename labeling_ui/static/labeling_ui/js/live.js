// Keeps parts of a page up to date: a part with data-live is asked for anew at that address while the page is seen.
//
// XMLHttpRequest parses the answer into a document of its own, in which no script runs; nothing here turns text into
// markup, so that Trusted Types stay at 'none' (docs/decisions/0004).

import { renew } from "./renew.js";
import { say } from "./words.js";

const INTERVAL = 2_000;
const INTERVAL_AWAY = 5_000;
const TIME_OUT = 10_000;
const SENTENCES = {
  away: (time) => say("The server cannot be reached just now. What you see is from {time}; this page goes on by itself.", { time }),
  gone: () => say("This page is no longer kept up to date: you are signed out, or it is not yours any more. Load it again."),
};

class LivePart {
  #part;
  #timer = null;
  #seen = new Date();

  constructor(part) {
    this.#part = part;
  }

  connect() {
    document.addEventListener("visibilitychange", () => document.hidden || this.#again(0));
    this.#again(INTERVAL);
  }

  #again(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), wait);
  }

  async #refresh() {
    if (document.hidden || !this.#part.dataset.live) return;
    const answer = await ask(this.#part.dataset.live);
    note(answer.kind, this.#seen);
    if (answer.kind === "gone") return;
    if (answer.kind === "here") this.#show(answer.part);
    this.#again(answer.kind === "here" ? INTERVAL : INTERVAL_AWAY);
  }

  #show(fresh) {
    this.#seen = new Date();
    const log = this.#part.querySelector("[data-log]");
    const atEnd = log && log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    renew(this.#part, document.adoptNode(fresh));
    if (atEnd) toEnd();
    readOut(this.#part.dataset.say);
    // It is over: the rest of the page has changed too. Asked for by GET, whatever this page came from.
    if (!this.#part.dataset.live) location.replace(location.pathname + location.search);
  }
}

// → {kind: here (with the part) | away (try again) | gone (asking again will not help)}
function ask(url) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.timeout = TIME_OUT;
    request.onload = () => resolve(answer(request));
    request.onerror = request.ontimeout = () => resolve({ kind: "away" });
    request.send();
  });
}

function answer({ status, response }) {
  if (status >= 500 || status === 429) return { kind: "away" };
  const part = response?.querySelector("[data-live-part]");
  return part ? { kind: "here", part } : { kind: "gone" };
}

function note(kind, seen) {
  const element = document.querySelector("[data-live-note]");
  const text = SENTENCES[kind]?.(seen.toLocaleTimeString(document.documentElement.lang)) ?? "";
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

// Read out when it changes, and not every two seconds.
function readOut(text = "") {
  const element = document.querySelector("[data-live-status]");
  if (element.textContent !== text) element.textContent = text;
}

function toEnd() {
  for (const log of document.querySelectorAll("[data-log]")) log.scrollTop = log.scrollHeight;
}

toEnd();
for (const part of document.querySelectorAll("[data-live]")) new LivePart(part).connect();
