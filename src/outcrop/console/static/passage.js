// A passage with its quote marked. Markdown tables in it are shown as tables; everything stays text nodes.

import { element } from "./dom.js";
import { groups, hasTable, rows } from "./tables.js";

const AROUND = 220; // characters that are shown on either side of the quote until the passage is unfolded

// The nodes of a reference's passage, whole or cut down to what is near the quote.
export function passage(reference, whole) {
  const before = whole ? reference.before : tail(reference.before);
  const after = whole ? reference.after : head(reference.after);
  const text = before + reference.quote + after;
  const quote = [before.length, before.length + reference.quote.length];
  return groups(text).map((group) => (group.table ? tableOf(text, group.lines, quote) : element("div", { class: "lines" }, ...marked(text, group, quote))));
}

export function isLong(reference) {
  return tail(reference.before) !== reference.before || head(reference.after) !== reference.after;
}

function tail(text) {
  if (text.length <= AROUND) return text;
  const cut = text.slice(-AROUND);
  const at = hasTable(text) ? cut.indexOf("\n") : cut.search(/\s/);
  return `…${hasTable(text) ? "\n" : " "}${cut.slice(at + 1)}`;
}

function head(text) {
  if (text.length <= AROUND) return text;
  const cut = text.slice(0, AROUND);
  const at = hasTable(text) ? cut.lastIndexOf("\n") : cut.lastIndexOf(" ");
  return `${at > 0 ? cut.slice(0, at) : cut}${hasTable(text) ? "\n" : " "}…`;
}

function tableOf(text, lines, quote) {
  const made = rows(lines).map((row) => element("tr", {}, ...row.cells.map((cell) => element(row.head ? "th" : "td", {}, ...marked(text, cell, quote)))));
  return element("div", { class: "table" }, element("table", {}, ...made));
}

// The text from start to end, with what lies in the quote marked.
function marked(text, { start, end }, [from, to]) {
  const a = Math.min(Math.max(from, start), end);
  const b = Math.min(Math.max(to, a), end);
  return [text.slice(start, a), b > a ? element("mark", {}, text.slice(a, b)) : null, text.slice(b, end)];
}
