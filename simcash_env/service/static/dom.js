// Elements and words: everything that is shown is made here as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const find = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// What replaces an element's content keeps the focus, by data-key, so that a keyboard is not thrown back to the top.
export function show(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  element.replaceChildren(...children.flat(Infinity));
  if (focused) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

export function options(select, rows, chosen) {
  select.replaceChildren(...rows.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
export const count = (number) => whole.format(number);
export const compact = (number) => short.format(number);
export const money = (cents) =>
  (cents < 0 ? "−" : "") + whole.format(Math.trunc(Math.abs(cents) / 100)) + "." + String(Math.abs(cents) % 100).padStart(2, "0");
// Time of day at the start of a tick, as the command line prints it; null without opening hours.
export function clockOf(run) {
  const { open, close } = run.scenario.simulation;
  if (!open) return null;
  const seconds = (text) => 3600 * Number(text.slice(0, 2)) + 60 * Number(text.slice(3));
  const [from, span, ticks] = [seconds(open), seconds(close) - seconds(open), run.ticks_per_day];
  const isByMinute = span % (60 * ticks) === 0;
  const two = (number) => String(number).padStart(2, "0");
  return (tick) => {
    const at = from + Math.floor((span * (tick % ticks)) / ticks);
    const minutes = `${two(Math.floor(at / 3600))}:${two(Math.floor(at / 60) % 60)}`;
    return isByMinute ? minutes : `${minutes}:${two(at % 60)}`;
  };
}
export const words = (name) => name.replaceAll("_", " ");

export const bar = (share, colour) =>
  draw("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("rect", { width: 100, height: 8, fill: "var(--track)" }),
    draw("rect", { width: Math.max(0, Math.min(100, 100 * share)), height: 8, fill: colour }));
