// One question and its answer as it streams, with its sources, or its refusal, or what went wrong.

import { Sources, nodes } from "./answer.js";
import { byId, element, seconds } from "./dom.js";
import { card } from "./sources.js";

let turns = 0;

export class Turn {
  constructor(question) {
    turns += 1;
    this.id = `turn-${turns}`;
    this.began = performance.now();
    this.firstWord = null;
    this.text = "";
    this.citations = [];
    this.sources = new Sources();
    this.body = element("div", { class: "answer", "aria-busy": "true" }, element("p", { class: "waiting", "aria-label": "Searching" }, element("i"), element("i"), element("i")));
    this.cards = element("ol", { class: "cards", "aria-label": "Sources" });
    this.foot = element("div", { class: "turn-foot" });
    this.root = element(
      "article",
      { class: "turn", "aria-labelledby": `${this.id}-question` },
      element("h2", { class: "question", id: `${this.id}-question` }, question),
      this.body,
      this.cards,
      this.foot,
    );
    this.root.addEventListener("mouseover", (event) => this.hover(event.target));
    this.root.addEventListener("focusin", (event) => this.hover(event.target));
    this.root.addEventListener("mouseleave", () => this.light(null));
  }

  add(event) {
    if (event.name === "text") {
      this.firstWord ??= performance.now() - this.began;
      this.text += event.data.text;
    } else if (event.name === "citation") {
      this.citations.push(event.data);
    } else if (event.name === "final") {
      this.finish(event.data);
      return;
    }
    this.draw(true);
  }

  draw(streaming) {
    const made = nodes(this.text, this.citations, this.sources, (number) => this.show(number));
    this.body.replaceChildren(...made);
    if (streaming) (made.at(-1) ?? this.body).append(element("span", { class: "caret", "aria-hidden": "true" }));
    const shown = this.cards.childElementCount;
    this.cards.append(...this.sources.list.slice(shown).map((one, index) => card(one, shown + index + 1, this.id)));
  }

  finish(answer) {
    this.body.removeAttribute("aria-busy");
    this.text = answer.text;
    this.citations = answer.available ? answer.citations : [];
    const streamed = this.sources.keys();
    this.sources = new Sources();
    for (const citation of this.citations) for (const one of citation.references) this.sources.number(one);
    if (this.sources.keys() !== streamed) this.cards.replaceChildren(); // else what is unfolded stays so
    this.draw(false);
    if (!answer.available) this.refuse();
    this.foot.replaceChildren(...this.facts(answer));
    say(answer.available ? `Answered. ${answer.text} ${count(this.sources.list.length)}` : answer.text);
  }

  refuse() {
    this.root.classList.add("refused");
    this.body.prepend(element("span", { class: "refused-sign", "aria-hidden": "true" }));
    this.body.append(element("p", { class: "advice" }, "Other words may find it. The list of documents shows what is here to be found."));
  }

  facts(answer) {
    const facts = [count(this.sources.list.length), `${seconds(performance.now() - this.began)} in all`];
    if (this.firstWord !== null && answer.available) facts.splice(1, 0, `first words after ${seconds(this.firstWord)}`);
    if (answer.output_tokens) facts.push(`${answer.input_tokens + answer.output_tokens} tokens`);
    const steps = answer.trace.map((step) => element("li", {}, element("span", {}, step.name), element("span", {}, seconds(step.took_ms))));
    const line = element("span", { class: "facts" }, (answer.available ? facts : facts.slice(1)).join(" · "));
    if (steps.length === 0) return [line];
    return [line, element("details", { class: "steps" }, element("summary", {}, "Steps"), element("ol", {}, ...steps))];
  }

  fail(message) {
    this.body.removeAttribute("aria-busy");
    this.draw(false);
    this.root.classList.add("failed");
    this.foot.replaceChildren(element("p", { class: "error", role: "alert" }, message));
  }

  stop() {
    this.body.removeAttribute("aria-busy");
    this.draw(false);
    this.foot.replaceChildren(element("span", { class: "facts" }, "Stopped."));
    say("Stopped.");
  }

  show(number) {
    const found = byId(`${this.id}-source-${number}`);
    if (!found) return;
    found.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    found.focus({ preventScroll: true });
    this.light(String(number));
  }

  hover(target) {
    const near = target.closest("[data-source], [data-sources]");
    this.light(near ? (near.dataset.source ?? near.dataset.sources) : null);
  }

  // Light up what belongs to these sources: their cards, marks and statements.
  light(numbers) {
    const wanted = new Set((numbers ?? "").split(" ").filter(Boolean));
    for (const one of this.root.querySelectorAll("[data-source], [data-sources]")) {
      const own = (one.dataset.source ?? one.dataset.sources).split(" ");
      one.classList.toggle("lit", own.some((number) => wanted.has(number)));
    }
  }
}

function count(sources) {
  return sources === 1 ? "1 source" : `${sources} sources`;
}

function say(text) {
  byId("status").textContent = text;
}
