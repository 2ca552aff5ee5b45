// Keeps a solution reserved while somebody works on it, and keeps their ratings on the server as a draft.

const BEAT = 60_000;
const PRESENT_WITHIN = 5 * 60_000;
const SAVE_AFTER = 1_500;
const TRY_AGAIN_AFTER = 10_000;

export class Lease extends EventTarget {
  #api;
  #url;
  #isPresent;
  #page;
  #assignment = null;
  #draft = null;
  #beating = null;
  #saving = null;
  #isChanged = false;
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
    this.#page.addEventListener("visibilitychange", () => this.#page.hidden && this.#isChanged && this.save({ keepalive: true }), { signal });
  }

  disconnect() {
    this.#listeners?.abort();
    this.release();
  }

  // draft() → the work so far, as the server stores it. A label that is opened again has no lease to keep.
  hold(assignment, draft) {
    this.release();
    if (!assignment.lease_until) return;
    this.#assignment = assignment;
    this.#draft = draft;
    this.#beating = setInterval(() => this.#isPresent() && this.save(), BEAT);
  }

  release() {
    clearInterval(this.#beating);
    clearTimeout(this.#saving);
    this.#assignment = this.#saving = null;
    this.#isChanged = false;
  }

  // Something changed: keep it on the server soon, so that another machine can go on from there.
  touch() {
    if (!this.#assignment) return;
    this.#isChanged = true;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.save(), SAVE_AFTER);
  }

  // The server may answer again.
  catchUp() {
    if (this.#isChanged) this.save();
  }

  // Ratings of this page that the server does not have yet. An untouched page sends none: it may be the older one.
  get isChanged() {
    return this.#isChanged;
  }

  async save({ keepalive = false } = {}) {
    clearTimeout(this.#saving);
    const assignment = this.#assignment;
    if (!assignment) return;
    const { slot, lease_token } = assignment;
    const draft = this.#isChanged ? this.#draft() : null;
    this.#isChanged = false;
    const answer = await this.#api.post(this.#url, { slot, lease_token, draft }, { keepalive });
    if (assignment !== this.#assignment) return;
    if (answer.kind !== "ok" && draft) this.#isChanged = true;
    if (answer.kind === "away") this.#saving = setTimeout(() => this.catchUp(), TRY_AGAIN_AFTER);
    this.#tell(answer);
  }

  #tell(answer) {
    if (answer.kind === "refused") this.release();
    const name = { ok: "kept", refused: "lost", signed_out: "signed_out", away: "away" }[answer.kind];
    this.dispatchEvent(new CustomEvent(name, { detail: answer }));
  }
}
