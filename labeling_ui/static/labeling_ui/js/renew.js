// Makes one part of a document like another, and leaves alone what is alike already: focus, scrolling and a selection
// survive that way.

export function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (!isSameKind(old, fresh)) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  renewAttributes(old, fresh);
  const children = [...fresh.childNodes];
  [...old.childNodes].forEach((child, place) => renew(child, children[place]));
}

function isSameKind(old, fresh) {
  return old.nodeName === fresh.nodeName && old.childNodes.length === fresh.childNodes.length;
}

function renewAttributes(old, fresh) {
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}
