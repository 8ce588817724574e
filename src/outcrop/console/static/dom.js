// Elements are made, never parsed: whatever comes from a document stays text.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function seconds(milliseconds) {
  if (milliseconds < 1000) return `${Math.max(1, Math.round(milliseconds))} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

export function placeOf(place) {
  if (place.page) return `Page ${place.page}`;
  if (place.sheet && place.row) return `${place.sheet}, row ${place.row}`;
  if (place.sheet) return place.sheet;
  return place.row ? `Row ${place.row}` : "";
}
