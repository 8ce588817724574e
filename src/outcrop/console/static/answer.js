// An answer's text with its citation marks. Markdown tables in it are shown as tables; everything stays text nodes.

import { element, placeOf } from "./dom.js";
import { groups, rows } from "./tables.js";

// Gives each distinct quote its number, in order of appearance.
export class Sources {
  constructor() {
    this.numbers = new Map();
    this.list = [];
  }

  number(reference) {
    const key = `${reference.chunk_id}\n${reference.quote}`;
    if (!this.numbers.has(key)) {
      this.list.push(reference);
      this.numbers.set(key, this.list.length);
    }
    return this.numbers.get(key);
  }

  keys() {
    return JSON.stringify([...this.numbers.keys()]);
  }
}

// The nodes of an answer; `show` is called with a source's number when its mark is pressed.
export function nodes(text, citations, sources, show) {
  const places = offsets(text);
  const numbered = citations
    .map((one) => ({ start: places[one.start], end: places[one.end], numbers: [...new Set(one.references.map((reference) => sources.number(reference)))] }))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  const writer = { text, citations: numbered, sources, show };
  return groups(text).flatMap((group) => (group.table ? [tableOf(group.lines, writer)] : paragraphs(group, writer)));
}

// Where each code point begins in the string: citations count code points, strings do not.
function offsets(text) {
  const places = [0];
  for (const point of text) places.push(places.at(-1) + point.length);
  return places;
}

function paragraphs(group, writer) {
  const found = [];
  let start = group.start;
  for (const part of writer.text.slice(group.start, group.end).split(/(\n{2,})/)) {
    if (part.trim()) found.push(filled(element("p"), start, start + part.length, writer));
    start += part.length;
  }
  return found;
}

function tableOf(lines, writer) {
  const made = rows(lines).map((row) => {
    const cells = row.cells.map((cell) => filled(element(row.head ? "th" : "td"), cell.start, cell.end, writer));
    const last = row.cells.at(-1)?.end ?? row.end;
    cells.at(-1)?.append(...ending(writer, last + 1, row.end)); // a row's citation ends after its last bar
    return element("tr", {}, ...cells);
  });
  return element("div", { class: "table" }, element("table", {}, ...made));
}

// An element with the text from start to end, its cited parts and their marks.
function filled(made, start, end, writer) {
  const cuts = new Set([start, end]);
  for (const one of writer.citations) for (const at of [one.start, one.end]) if (at > start && at < end) cuts.add(at);
  const sorted = [...cuts].sort((a, b) => a - b);
  sorted.slice(1).forEach((to, index) => append(made, sorted[index], to, writer));
  return made;
}

function append(made, start, end, writer) {
  const text = writer.text.slice(start, end);
  const covering = writer.citations.filter((one) => one.start <= start && one.end >= end);
  if (covering.length === 0) {
    made.append(text);
    return;
  }
  const kept = text.trimEnd();
  const numbers = [...new Set(covering.flatMap((one) => one.numbers))];
  made.append(element("span", { class: "cited", "data-sources": numbers.join(" ") }, kept), ...ending(writer, end, end), text.slice(kept.length));
}

// The marks of the citations that end between two places.
function ending(writer, from, to) {
  const numbers = writer.citations.filter((one) => one.end >= from && one.end <= to).flatMap((one) => one.numbers);
  return [...new Set(numbers)].map((number) => mark(number, writer.sources.list[number - 1], writer.show));
}

function mark(number, reference, show) {
  const place = placeOf(reference.place);
  const label = `Source ${number}: ${reference.name}${place ? `, ${place}` : ""}`;
  return element("button", { type: "button", class: "mark", "aria-label": label, title: label, "data-source": number, onclick: () => show(number) }, String(number));
}
