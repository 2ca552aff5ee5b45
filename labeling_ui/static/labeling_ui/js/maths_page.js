// Typesets every [data-maths] element of a page that otherwise needs no script; one with data-maths="bare" holds an
// answer, written without dollar signs. Without this module the source stays readable.

import { fitFormulas, showBare, showText } from "./maths.js";

const elements = [...document.querySelectorAll("[data-maths]")];

for (const element of elements) {
  const show = element.dataset.maths === "bare" ? showBare : showText;
  show(element, element.textContent);
  element.classList.add("maths");
}
const fit = () => elements.forEach(fitFormulas);
new ResizeObserver(fit).observe(document.body);
fit();
