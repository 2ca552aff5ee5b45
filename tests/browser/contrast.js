// → the visible texts of the page whose contrast with their ground is below WCAG's 4.5 (3 for large text).
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], ground) => [r, g, b].map((value, i) => value * a + ground[i] * (1 - a));
  const ancestors = (element) => (element ? [element, ...ancestors(element.parentElement)] : []);
  const groundOf = (element) =>
    ancestors(element)
      .reverse()
      .reduce((ground, one) => over(rgba(getComputedStyle(one).backgroundColor), ground), [255, 255, 255]);
  const luminance = (color) =>
    color
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const isShown = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.offsetWidth !== 1 && !element.closest(".katex-mathml, .unseen, .skip-link");
  const scope = document.querySelector("dialog[open]") ?? document.body;
  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  const weak = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !isShown(element)) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ground = groundOf(element);
    const opacity = ancestors(element).reduce((product, one) => product * getComputedStyle(one).opacity, 1);
    const [r, g, b, a] = rgba(style.color);
    const found = ratio(over([r, g, b, a * opacity], ground), ground);
    if (found < needed) weak.push(`${text.slice(0, 40)}: ${found.toFixed(2)}`);
  }
  return weak;
}
