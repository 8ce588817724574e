// Markdown tables in a text: where they are, and where the text of each cell begins.

// Runs of lines that are, or are not, rows of a table: { table, start, end, lines: [{ start, text }] }.
export function groups(text) {
  const found = [];
  let start = 0;
  for (const line of text.split("\n")) {
    const table = /^\s*\|.*\|\s*$/.test(line);
    if (found.at(-1)?.table !== table) found.push({ table, start, lines: [] });
    const group = found.at(-1);
    group.lines.push({ start, text: line });
    group.end = start + line.length;
    start += line.length + 1;
  }
  return found;
}

// The rows of a group without its ruling line: { head, start, end, cells: [{ start, end }] }.
export function rows(lines) {
  const headed = lines.length > 1 && isRule(lines[1].text);
  return lines
    .map((line, index) => ({ head: headed && index === 0, start: line.start, end: line.start + line.text.length, cells: cells(line), rule: isRule(line.text) }))
    .filter((row) => !row.rule);
}

export function hasTable(text) {
  return text.includes("|\n|");
}

function isRule(text) {
  return /^[\s|:-]+$/.test(text) && text.includes("-");
}

function cells(line) {
  const found = [];
  const first = line.text.indexOf("|") + 1;
  for (const match of line.text.slice(first).matchAll(/((?:\\\||[^|])*)\|/g)) {
    const text = match[1];
    const start = line.start + first + match.index + (text.length - text.trimStart().length);
    found.push({ start, end: start + text.trim().length });
  }
  return found;
}
