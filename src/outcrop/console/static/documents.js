// The list of documents of a knowledge base, and what became of each.

import { documents } from "./api.js";
import { byId, element } from "./dom.js";

const WORDS = {
  INDEXED: "Searchable",
  PARTIALLY_INDEXED: "Partly searchable",
  FAILED: "Not readable",
  IGNORED: "Left out",
};

export async function openDocuments(base) {
  const list = byId("document-list");
  list.replaceChildren(element("li", { class: "document-note" }, "Loading…"));
  byId("documents-title").textContent = `Documents of ${base.name}`;
  byId("documents").showModal();
  try {
    list.replaceChildren();
    await more(base, list, null);
    if (!list.childElementCount) list.append(element("li", { class: "document-note" }, "There are no documents yet."));
  } catch (error) {
    list.replaceChildren(element("li", { class: "document-note" }, error.message));
  }
}

async function more(base, list, after) {
  const page = await documents(base.id, after);
  list.append(...page.documents.map(entry));
  if (!page.next) return;
  const button = element("button", { type: "button", class: "quiet" }, "Show more");
  const row = element("li", { class: "document-note" }, button);
  button.addEventListener("click", async () => {
    row.remove();
    await more(base, list, page.next);
  });
  list.append(row);
}

function entry(one) {
  const facts = [one.pages ? `${one.pages} ${one.pages === 1 ? "page" : "pages"}` : "", one.ocr_pages ? `${one.ocr_pages} read by OCR` : ""];
  const notes = [one.reason, ...one.warnings].filter(Boolean);
  return element(
    "li",
    { class: "document" },
    element("span", { class: "document-name", title: one.uri }, one.name),
    element("span", { class: `state state-${one.status.toLowerCase()}` }, WORDS[one.status] ?? one.status),
    element("span", { class: "document-facts" }, facts.filter(Boolean).join(" · ")),
    ...notes.map((note) => element("p", { class: "document-reason" }, note)),
  );
}
