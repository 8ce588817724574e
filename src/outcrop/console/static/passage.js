// A passage with its quote marked. Markdown tables in it are shown as tables; everything stays text nodes.

import { element } from "./dom.js";

const AROUND = 220; // characters that are shown on either side of the quote until the passage is unfolded

// The nodes of a reference's passage, whole or cut down to what is near the quote.
export function passage(reference, whole) {
  const before = whole ? reference.before : tail(reference.before);
  const after = whole ? reference.after : head(reference.after);
  const text = before + reference.quote + after;
  const quote = [before.length, before.length + reference.quote.length];
  return groups(text).map(({ table, lines }) => (table ? tableOf(lines, quote) : textOf(text, lines, quote)));
}

export function isLong(reference) {
  return tail(reference.before) !== reference.before || head(reference.after) !== reference.after;
}

function tail(text) {
  if (text.length <= AROUND) return text;
  const cut = text.slice(-AROUND);
  const at = isTable(text) ? cut.indexOf("\n") : cut.search(/\s/);
  return `…${isTable(text) ? "\n" : " "}${cut.slice(at + 1)}`;
}

function head(text) {
  if (text.length <= AROUND) return text;
  const cut = text.slice(0, AROUND);
  const at = isTable(text) ? cut.lastIndexOf("\n") : cut.lastIndexOf(" ");
  return `${at > 0 ? cut.slice(0, at) : cut}${isTable(text) ? "\n" : " "}…`;
}

function isTable(text) {
  return text.includes("|\n|");
}

// Runs of lines that are, or are not, rows of a table: { table, lines: [{ start, text }] }.
function groups(text) {
  const found = [];
  let start = 0;
  for (const line of text.split("\n")) {
    const table = /^\s*\|.*\|\s*$/.test(line);
    if (found.at(-1)?.table !== table) found.push({ table, lines: [] });
    found.at(-1).lines.push({ start, text: line });
    start += line.length + 1;
  }
  return found;
}

function textOf(text, lines, quote) {
  const start = lines[0].start;
  const end = lines.at(-1).start + lines.at(-1).text.length;
  return element("div", { class: "lines" }, ...marked(text.slice(start, end), start, quote));
}

function tableOf(lines, quote) {
  const rows = lines.filter((line) => !isRule(line.text));
  const headed = lines.length > 1 && isRule(lines[1].text);
  const made = rows.map((line, index) =>
    element("tr", {}, ...cells(line).map((cell) => element(headed && index === 0 ? "th" : "td", {}, ...marked(cell.text, cell.start, quote)))),
  );
  return element("div", { class: "table" }, element("table", {}, ...made));
}

function isRule(text) {
  return /^[\s|:-]+$/.test(text) && text.includes("-");
}

// The cells of a row, each with where its text begins.
function cells(line) {
  const found = [];
  const first = line.text.indexOf("|") + 1;
  for (const match of line.text.slice(first).matchAll(/((?:\\\||[^|])*)\|/g)) {
    const text = match[1];
    found.push({ start: line.start + first + match.index + (text.length - text.trimStart().length), text: text.trim() });
  }
  return found;
}

// Text with what lies in the quote marked.
function marked(text, start, [from, to]) {
  const a = Math.min(Math.max(from - start, 0), text.length);
  const b = Math.min(Math.max(to - start, a), text.length);
  return [text.slice(0, a), b > a ? element("mark", {}, text.slice(a, b)) : null, text.slice(b)];
}
