// JSON to our own server. An answer is always one of these kinds, never an exception:
//   ok · away (no answer, or "later": keep what you have and try again) · signed_out · refused (asking again will not help)

import { say } from "./words.js";

const TIME_OUT = 15_000;
const LATER = [408, 425, 429, 500, 502, 503, 504];

export class Api {
  #csrfCookie;

  constructor({ csrfCookie }) {
    this.#csrfCookie = csrfCookie;
  }

  // → {kind, status, data, sentence, retryAfter (ms or null)}
  async post(url, body, { keepalive = false } = {}) {
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrfToken() };
    return this.#ask(url, { method: "POST", body: JSON.stringify(body), headers, keepalive });
  }

  async get(url) {
    return this.#ask(url, { method: "GET", headers: { Accept: "application/json" } });
  }

  // Read afresh each time: signing in again, in another tab too, makes a new token.
  csrfToken() {
    const pairs = document.cookie.split("; ").map((pair) => pair.split("="));
    return pairs.find(([name]) => name === this.#csrfCookie)?.[1] ?? "";
  }

  async #ask(url, request) {
    try {
      const signal = AbortSignal.timeout(TIME_OUT);
      const response = await fetch(url, { ...request, signal, credentials: "same-origin", redirect: "error" });
      return answer(response.status, await readJson(response), response.headers.get("Retry-After"));
    } catch {
      return { kind: "away", status: 0, data: null, sentence: away(), retryAfter: null };
    }
  }
}

export function answer(status, data, retryAfter = null) {
  const seconds = Number.parseFloat(retryAfter);
  return {
    kind: kindOf(status, data),
    status,
    data,
    sentence: data?.detail ?? (LATER.includes(status) ? away() : say("The server answered with an error ({status}).", { status })),
    retryAfter: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}

function away() {
  return say("The server cannot be reached just now.");
}

function kindOf(status, data) {
  if (status === 204) return "ok";
  // A 200 that is no JSON comes from something between us and the server.
  if (status >= 200 && status < 300) return data === null ? "away" : "ok";
  if (LATER.includes(status)) return "away";
  return status === 401 ? "signed_out" : "refused";
}

async function readJson(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
