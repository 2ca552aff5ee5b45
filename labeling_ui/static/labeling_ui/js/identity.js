// Somebody else may sign in, in another tab, while this page is open; a label must never be sent under their name.
// Django makes a new CSRF token at each sign-in, so the question is asked only when the token has changed.

import { say } from "./words.js";

export class Identity {
  #api;
  #url;
  #user;
  #token;

  constructor({ api, url, user }) {
    this.#api = api;
    this.#url = url;
    this.#user = user;
    this.#token = api.csrfToken();
  }

  // Like those of api, except that they refuse to speak for anybody but the person whom this page was made for.
  async post(url, body, options) {
    return (await this.#trouble()) ?? this.#api.post(url, body, options);
  }

  async get(url) {
    return (await this.#trouble()) ?? this.#api.get(url);
  }

  async #trouble() {
    const token = this.#api.csrfToken();
    if (token === this.#token) return null;
    const answer = await this.#api.get(this.#url);
    if (answer.kind !== "ok") return answer;
    if (answer.data.user !== this.#user) return { ...answer, kind: "signed_out", sentence: somebodyElse() };
    this.#token = token;
    return null;
  }
}

function somebodyElse() {
  return say("Somebody else is signed in in this browser now. Your labels are kept here until you sign in again.");
}
