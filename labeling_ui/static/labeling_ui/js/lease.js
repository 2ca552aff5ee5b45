// Keeps a solution reserved while somebody works on it, and keeps their ratings on the server as a draft.

const BEAT = 60_000;
const PRESENT_WITHIN = 5 * 60_000;
const SAVE_AFTER = 1_500;

export class Lease extends EventTarget {
  #api;
  #url;
  #isPresent;
  #page;
  #assignment = null;
  #draft = null;
  #beating = null;
  #saving = null;
  #listeners = null;

  // sinceInput() → milliseconds since the person's last sign of life.
  constructor({ api, url, sinceInput, page = document }) {
    super();
    this.#api = api;
    this.#url = url;
    this.#page = page;
    this.#isPresent = () => !page.hidden && sinceInput() < PRESENT_WITHIN;
  }

  connect() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.#page.addEventListener("visibilitychange", () => this.#page.hidden && this.#saving && this.save({ keepalive: true }), { signal });
  }

  disconnect() {
    this.#listeners?.abort();
    this.release();
  }

  // draft() → the ratings so far, as the server stores them.
  hold(assignment, draft) {
    this.release();
    this.#assignment = assignment;
    this.#draft = draft;
    this.#beating = setInterval(() => this.#isPresent() && this.save(), BEAT);
  }

  release() {
    clearInterval(this.#beating);
    clearTimeout(this.#saving);
    this.#assignment = this.#saving = null;
  }

  // Ratings changed: keep them on the server soon, so that another machine can go on from there.
  touch() {
    if (!this.#assignment) return;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.save(), SAVE_AFTER);
  }

  async save({ keepalive = false } = {}) {
    clearTimeout(this.#saving);
    this.#saving = null;
    const assignment = this.#assignment;
    if (!assignment) return;
    const { slot, lease_token } = assignment;
    const answer = await this.#api.post(this.#url, { slot, lease_token, draft: this.#draft() }, { keepalive });
    if (assignment !== this.#assignment || answer.kind === "away" || answer.kind === "ok") return;
    if (answer.kind === "refused") this.release();
    this.dispatchEvent(new CustomEvent(answer.kind === "refused" ? "lost" : "signed_out", { detail: answer }));
  }
}
