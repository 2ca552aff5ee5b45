// A button with data-copy copies the text of the element of that id. It is shown only where that works: over TLS or on
// the own machine. The text can be marked by hand everywhere.

const SHOWN_MS = 2_000;

class CopyButton {
  #button;
  #label;

  constructor(button) {
    this.#button = button;
    this.#label = button.textContent;
  }

  connect() {
    if (!navigator.clipboard) return;
    this.#button.hidden = false;
    this.#button.addEventListener("click", () => this.#copy());
  }

  async #copy() {
    const source = document.getElementById(this.#button.dataset.copy);
    await navigator.clipboard.writeText(textOf(source));
    this.#button.textContent = this.#button.dataset.done;
    setTimeout(() => { this.#button.textContent = this.#label; }, SHOWN_MS);
  }
}

// The lines of a list under each other, anything else as it is.
function textOf(element) {
  const lines = [...element.querySelectorAll("li")].map((line) => line.textContent.trim());
  return lines.length ? lines.join("\n") : element.textContent.trim();
}

for (const button of document.querySelectorAll("[data-copy]")) new CopyButton(button).connect();
