// Typesets every [data-maths] element of a page that otherwise needs no script. Without it the source stays readable.

import { fitFormulas, showText } from "./maths.js";

const elements = [...document.querySelectorAll("[data-maths]")];

for (const element of elements) {
  showText(element, element.textContent);
  element.classList.add("maths");
}
const fit = () => elements.forEach(fitFormulas);
new ResizeObserver(fit).observe(document.body);
fit();
