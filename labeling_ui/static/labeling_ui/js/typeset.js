// One formula through KaTeX. What is too large for the page is told before it is there: KaTeX itself is fast, it is the
// browser that takes a tenth of a millisecond for the style, place and paint of each element.

const { katex } = globalThis; // from _maths.html
const MACROS = {
  "\\mbox": "\\text{#1}",
  "\\overarc": "\\overgroup{#1}",
};

// The largest formula of MATH and PRM800K has 3,129 elements, the deepest 52 levels of them.
const MAX_ELEMENTS = 3_500;
const MAX_DEPTH = 150;

// → {tree, elements, isTooLarge}. Throws where KaTeX cannot read the formula.
export function read(tex, displayMode) {
  const tree = katex.__renderToDomTree(tex, options(displayMode));
  const { elements, depth } = sizeOf(tree);
  return { tree, elements, isTooLarge: elements > MAX_ELEMENTS || depth > MAX_DEPTH };
}

// katex.render, but for one thing: it sets some style attributes (the width of the arrow of a \\vec), which the content
// policy refuses; without them the arrow is as wide as its line. A script may set the same styles one by one.
export function nodeOf(tree) {
  setStylesAside(tree);
  const node = tree.toNode();
  for (const styled of node.querySelectorAll("[data-style]")) {
    styled.style.cssText = styled.dataset.style;
    delete styled.dataset.style;
  }
  return node;
}

function sizeOf(tree) {
  let elements = 1;
  let depth = 0;
  for (const child of tree.children ?? []) {
    const size = sizeOf(child);
    elements += size.elements;
    depth = Math.max(depth, size.depth);
  }
  return { elements, depth: depth + 1 };
}

function setStylesAside(node) {
  if (node.attributes?.style) {
    node.attributes["data-style"] = node.attributes.style;
    delete node.attributes.style;
  }
  node.children?.forEach(setStylesAside);
}

function options(displayMode) {
  return {
    displayMode,
    output: "htmlAndMathml",
    throwOnError: true,
    trust: false,
    strict: "ignore",
    maxExpand: 1000,
    maxSize: 20,
    macros: { ...MACROS }, // KaTeX keeps here what a formula defines
  };
}
