// The cards under an answer: which document, where in it, and the quote marked in its passage.

import { element, placeOf } from "./dom.js";
import { isLong, passage } from "./passage.js";

export function card(reference, number, turn) {
  const place = placeOf(reference.place);
  const quoted = element("blockquote", { class: "passage" }, ...passage(reference, false));
  return element(
    "li",
    { class: "card", id: `${turn}-source-${number}`, tabindex: "-1", "data-source": number },
    element(
      "div",
      { class: "card-head" },
      element("span", { class: "card-number", "aria-hidden": "true" }, String(number)),
      element("span", { class: "card-name", title: reference.uri }, reference.name),
      place ? element("span", { class: "card-place" }, place) : null,
    ),
    reference.context ? element("p", { class: "card-context" }, reference.context.split("\n")[0]) : null,
    quoted,
    isLong(reference) ? unfold(quoted, reference) : null,
  );
}

function unfold(quoted, reference) {
  const button = element("button", { type: "button", class: "unfold", "aria-expanded": "false" }, "Show the whole passage");
  button.addEventListener("click", () => {
    const whole = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(whole));
    button.textContent = whole ? "Show less" : "Show the whole passage";
    quoted.replaceChildren(...passage(reference, whole));
  });
  return button;
}
