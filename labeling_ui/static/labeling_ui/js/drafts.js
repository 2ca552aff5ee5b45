// The ratings of the solution in front, on this device from the moment of the key press: a killed tab or browser loses
// none of them. The label takes their place; the server's copy (lease.js) is for going on elsewhere. A correction has no
// other copy.
//
// A draft belongs to an assignment: its slot and, for a correction, the label that it supersedes.

export class Drafts {
  #store;
  #project;
  #writing = Promise.resolve();

  // The outbox's store; drafts lie in it beside the labels, with a state of their own.
  constructor(store, project) {
    this.#store = store;
    this.#project = project;
  }

  // One write after the other, so that the last one stays.
  keep(assignment, body) {
    const saved = Date.now();
    const { slot, supersedes } = assignment;
    const entry = { id: idOf(assignment), state: "draft", at: saved, saved, slot, supersedes, project: this.#project, body };
    return (this.#writing = this.#writing.then(() => this.#store.put(entry)).catch(() => false));
  }

  remove(assignment) {
    return (this.#writing = this.#writing.then(() => this.#store.remove(idOf(assignment))).catch(() => undefined));
  }

  // What lies here for an assignment, or null.
  async of(assignment) {
    const entry = (await this.#all()).find(({ id }) => id === idOf(assignment));
    return entry?.body ?? null;
  }

  // The newest correction of this project that was begun and neither handed in nor left: {slot, supersedes}, or null.
  // `unknown` are the ids of labels that the server does not have, and so cannot open.
  async begun(unknown = []) {
    const corrections = (await this.#all()).filter(({ supersedes, project }) => supersedes && project === this.#project);
    return corrections.findLast(({ supersedes }) => !unknown.includes(supersedes)) ?? null;
  }

  // Solutions that went to somebody else long ago leave nothing behind.
  async sweep(olderThan) {
    const old = (await this.#all()).filter(({ saved }) => saved < olderThan);
    await Promise.all(old.map(({ id }) => this.#store.remove(id)));
  }

  async #all() {
    await this.#writing;
    return (await this.#store.all()).filter(({ state }) => state === "draft");
  }
}

// Of two drafts of one solution the one in which more was done: edits are only ever added.
export function fuller(one, other) {
  if (!one || !other) return one ?? other ?? null;
  return (one.edits?.length ?? 0) >= (other.edits?.length ?? 0) ? one : other;
}

// The time of each place, from ratings that were given earlier.
export function timesIn(draft) {
  const times = {};
  for (const { step, option = 0, ms } of draft?.ratings ?? []) {
    times[`${step}:${option}`] = ms ?? 0;
    if (option === 0) times[step] = ms ?? 0;
  }
  return times;
}

function idOf({ slot, supersedes }) {
  return supersedes ? `draft:${slot}:${supersedes}` : `draft:${slot}`;
}
