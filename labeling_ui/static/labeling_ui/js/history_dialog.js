// The labeler's own newest labels, each with a way to correct it. Owns the dialog [data-history].

import { showText } from "./maths.js";
import { say, sayRating, sayTime } from "./words.js";

const FACES = { [-1]: "#face-bad", 0: "#face-okay", 1: "#face-great" };

export class HistoryDialog {
  #dialog;
  #template;
  #load;
  #reopen;

  // load() → an answer of api.js with the labels; reopen(id) opens one.
  constructor(dialog, template, { load, reopen }) {
    this.#dialog = dialog;
    this.#template = template;
    this.#load = load;
    this.#reopen = reopen;
  }

  async open() {
    this.#list.replaceChildren();
    this.#note.textContent = say("Fetching your labels…");
    this.#dialog.showModal();
    const answer = await this.#load();
    if (answer.kind !== "ok") this.#note.textContent = answer.sentence;
    else this.#show(answer.data);
  }

  get #list() {
    return this.#dialog.querySelector("[data-history-list]");
  }

  get #note() {
    return this.#dialog.querySelector("[data-history-note]");
  }

  #show(labels) {
    this.#note.textContent = labels.length ? "" : say("You have not labeled anything here yet.");
    this.#list.replaceChildren(...labels.map((label) => this.#item(label)));
    this.#list.querySelector("button")?.focus();
  }

  #item(label) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const find = (name) => item.querySelector(`[data-${name}]`);
    showText(find("problem-excerpt"), label.problem);
    find("when").textContent = sayTime(new Date(label.created_at));
    find("outcome").textContent = outcome(label);
    find("faces").replaceChildren(...label.ratings.map(face));
    const button = find("reopen");
    button.hidden = !label.can_reopen;
    button.addEventListener("click", () => {
      this.#dialog.close();
      this.#reopen(label.id);
    });
    return item;
  }
}

function outcome({ finish_reason, ratings, is_corrected }) {
  const what = {
    found_error: say("First error in step {step}", { step: ratings.length }),
    solution: say("No error"),
    give_up: say("Gave up"),
    bad_problem: say("Bad problem"),
  }[finish_reason];
  return is_corrected ? `${what} · ${say("corrected")}` : what;
}

function face(rating) {
  const place = document.createElement("span");
  const word = rating === null ? say("Own step") : sayRating(rating);
  place.className = "small-face";
  if (rating !== null) place.dataset.rating = rating;
  const text = document.createElement("span");
  text.className = "unseen";
  text.textContent = `${word} `;
  if (rating === null) return place.append(text, "✎") ?? place;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", FACES[rating]);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  place.append(svg, text);
  return place;
}
