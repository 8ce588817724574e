// The page: choose a knowledge base, ask, go on asking in the same conversation.

import { ask, knowledgeBases } from "./api.js";
import { byId, element } from "./dom.js";
import { openDocuments } from "./documents.js";
import { Turn } from "./turn.js";

const CHOSEN = "outcrop.knowledge-base";
const state = { bases: [], base: null, session: null, running: null };

async function start() {
  let found;
  try {
    found = await knowledgeBases();
  } catch (error) {
    if (error.status === 401) notice("This page is locked.", "Open the address that “outcrop up” printed when it started: it carries the key.");
    else notice("Something is not right.", error.message);
    return;
  }
  state.bases = found.knowledge_bases;
  if (state.bases.length === 0) {
    notice("There is no knowledge base yet.", "Make one from a folder: outcrop kb create NAME, then outcrop sync NAME DIR. Then reload this page.");
    return;
  }
  byId("model").textContent = found.model.startsWith("extractive:") ? "Answers quote the documents word for word." : `Answers by ${found.model}.`;
  byId("knowledge-base").replaceChildren(...state.bases.map((base) => element("option", { value: base.id }, base.name)));
  const kept = state.bases.find((base) => base.id === localStorage.getItem(CHOSEN));
  byId("tools").hidden = byId("composer").hidden = false;
  choose(kept ?? state.bases[0]);
  byId("question").focus();
}

function choose(base) {
  state.base = base;
  localStorage.setItem(CHOSEN, base.id);
  byId("knowledge-base").value = base.id;
  byId("question").placeholder = `Ask ${base.name}`;
  if (base.description) byId("welcome-text").textContent = base.description;
  forget();
}

function forget() {
  state.running?.abort();
  state.session = null;
  byId("conversation").replaceChildren();
  byId("welcome").hidden = false;
  byId("new-conversation").hidden = true;
  document.body.classList.remove("talking");
  byId("question").focus();
}

function notice(title, text) {
  byId("welcome").hidden = true;
  byId("hint").hidden = true;
  byId("notice-title").textContent = title;
  byId("notice-text").textContent = text;
  byId("notice").hidden = false;
}

async function submit() {
  const question = byId("question").value.trim();
  if (!question || state.running) return;
  byId("question").value = "";
  grow();
  byId("welcome").hidden = true;
  byId("new-conversation").hidden = false;
  document.body.classList.add("talking");
  const turn = new Turn(question);
  byId("conversation").append(turn.root);
  turn.root.scrollIntoView({ block: "start" });
  await run(turn, question);
}

async function run(turn, question) {
  const running = new AbortController();
  busy(running);
  try {
    for await (const event of ask(state.base.id, question, state.session, running.signal)) {
      turn.add(event);
      if (event.name === "final") state.session = event.data.session_id;
    }
  } catch (error) {
    if (error.name === "AbortError") turn.stop();
    else turn.fail(error.message);
  } finally {
    if (state.running === running) busy(null);
  }
}

function busy(running) {
  state.running = running;
  byId("send").classList.toggle("running", running !== null);
  byId("send").setAttribute("aria-label", running ? "Stop" : "Ask");
}

function grow() {
  const field = byId("question");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 220)}px`;
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (state.running) state.running.abort();
  else submit();
});
byId("question").addEventListener("input", grow);
byId("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  }
});
byId("knowledge-base").addEventListener("change", (event) => choose(state.bases.find((base) => base.id === event.target.value)));
byId("new-conversation").addEventListener("click", forget);
byId("open-documents").addEventListener("click", () => openDocuments(state.base));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("documents").open) state.running?.abort();
  const typing = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
  if (event.key === "/" && !typing && !byId("documents").open) {
    event.preventDefault();
    byId("question").focus();
  }
});

start();
