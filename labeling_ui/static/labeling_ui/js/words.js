// Says texts in the language of the page. The text is its own key, in English; translations come with the page
// ({% words %} in its head), and where there are none, as in English or under node, the text is said as it is.

const element = globalThis.document?.getElementById?.("words");
const catalog = element ? JSON.parse(element.textContent) : {};

/** say("Sent at {time}", { time }) → the text in the page's language, with every {name} filled in. */
export function say(text, values = {}) {
  return fill(catalog[text] ?? text, values);
}

/** sayMany("{n} label", "{n} labels", n) → the form that goes with n; {n} is filled in as the language writes it. */
export function sayMany(one, many, n) {
  // English has two forms, Chinese one; a language with more would bring its rule (Intl.PluralRules) here.
  const forms = catalog[one] ?? [one, many];
  return fill(n === 1 ? forms[0] : forms.at(-1), { n: n.toLocaleString(globalThis.document?.documentElement?.lang || "en") });
}

/** A rating by the name that its button has. */
export function sayRating(rating) {
  return { [-1]: say("Bad"), 0: say("Okay"), 1: say("Great") }[rating];
}

/** A moment as the pages of the server write it: "26 November 2026, 10:43 UTC". */
export function sayTime(moment) {
  const lang = globalThis.document?.documentElement?.lang || "en";
  const date = moment.toLocaleDateString(lang === "en" ? "en-GB" : lang, { dateStyle: "long", timeZone: "UTC" });
  return `${date}, ${moment.toISOString().slice(11, 16)} UTC`;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => (name in values ? String(values[name]) : placeholder));
}
