// An answer's text with its citation marks. Offsets count code points, so the text is handled as an array of them.

import { element, placeOf } from "./dom.js";

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

// The paragraphs of an answer; `show` is called with a source's number when its mark is pressed.
export function paragraphs(text, citations, sources, show) {
  const points = Array.from(text);
  const numbered = citations
    .map((citation) => ({ ...citation, numbers: [...new Set(citation.references.map((one) => sources.number(one)))] }))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  return breaks(points).map(([start, end]) => {
    const made = element("p");
    for (const piece of pieces(start, end, numbered)) append(made, points, piece, numbered, sources, show);
    return made;
  });
}

// [start, end) of each paragraph: what stands between blank lines.
function breaks(points) {
  const found = [];
  let start = 0;
  for (let at = 0; at < points.length; at += 1) {
    if (points[at] === "\n" && points[at + 1] === "\n") {
      found.push([start, at]);
      while (points[at + 1] === "\n") at += 1;
      start = at + 1;
    }
  }
  found.push([start, points.length]);
  return found.filter(([from, to]) => to > from);
}

// A paragraph cut at every place where a citation begins or ends.
function pieces(start, end, citations) {
  const cuts = new Set([start, end]);
  for (const citation of citations) {
    for (const at of [citation.start, citation.end]) if (at > start && at < end) cuts.add(at);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).map((to, index) => [sorted[index], to]);
}

function append(paragraph, points, [start, end], citations, sources, show) {
  const covering = citations.filter((one) => one.start <= start && one.end >= end);
  const text = points.slice(start, end).join("");
  if (covering.length === 0) {
    paragraph.append(text);
    return;
  }
  const numbers = [...new Set(covering.flatMap((one) => one.numbers))];
  const kept = text.trimEnd();
  paragraph.append(element("span", { class: "cited", "data-sources": numbers.join(" ") }, kept));
  const ending = [...new Set(covering.filter((one) => one.end === end).flatMap((one) => one.numbers))];
  for (const number of ending) paragraph.append(mark(number, sources.list[number - 1], show));
  paragraph.append(text.slice(kept.length));
}

function mark(number, reference, show) {
  const place = placeOf(reference.place);
  const label = `Source ${number}: ${reference.name}${place ? `, ${place}` : ""}`;
  return element("button", { type: "button", class: "mark", "aria-label": label, title: label, "data-source": number, onclick: () => show(number) }, String(number));
}
