// Elements, words and numbers: everything that is shown is made here as text, never as markup.

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
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  if (focused) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

export function options(select, rows, chosen) {
  select.replaceChildren(...rows.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
export const count = (number) => whole.format(number);
export const compact = (number) => short.format(number).replace("-", "−");
export const plain = (cents) => (cents < 0 ? "-" : "") + Math.trunc(Math.abs(cents) / 100) + "." + String(Math.abs(cents) % 100).padStart(2, "0");
export const money = (cents) =>
  (cents < 0 ? "−" : "") + whole.format(Math.trunc(Math.abs(cents) / 100)) + "." + String(Math.abs(cents) % 100).padStart(2, "0");
export const signed = (cents) => (cents > 0 ? "+" : "") + money(cents);
export const percent = (share) => (share === null || share === undefined || Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)} %`);
export const words = (name) => name.replaceAll("_", " ").replace(/\beod\b/, "end-of-day");
export const unitOf = (run) => run.currency ?? "currency units";

// Time of day at the start of a tick of the run; empty without opening hours.
export const timeOf = (run, tick) => (run.times ? run.times[tick % run.ticks_per_day] : "");
export const dayOf = (run, tick) => Math.floor(Math.max(0, Math.min(tick, run.num_ticks - 1)) / run.ticks_per_day) + 1;
export const daysOf = (run) => run.num_ticks / run.ticks_per_day;
// A moment in words: the day where there are several, the time of day, or the tick where there are no opening hours.
export function moment(run, tick) {
  const day = daysOf(run) > 1 ? `day ${dayOf(run, tick)}, ` : "";
  return run.times ? `${day}${timeOf(run, tick)}` : `${day}tick ${count(tick)}`;
}

// A table: heads are [text, class]; a cell is text or {text, class, node, title}; phones show a head beside each cell.
export function table(heads, rows, { caption } = {}) {
  const cell = (value, column) => {
    const given = value !== null && typeof value === "object" && !(value instanceof Node) ? value : { text: value };
    const content = given.node ?? (given.text instanceof Node ? given.text : String(given.text ?? ""));
    const kind = [heads[column][1], given.class].filter(Boolean).join(" ");
    return make("td", { class: kind || null, title: given.title, "data-head": heads[column][0] || null }, content);
  };
  return make("table", { class: "rows" }, caption ? make("caption", { class: "hidden" }, caption) : null,
    make("thead", {}, make("tr", {}, heads.map(([name, kind]) => make("th", { class: kind, scope: "col" }, name)))),
    make("tbody", {}, rows.map((row) => make("tr", { class: row.class ?? null }, (row.cells ?? row).map(cell)))));
}

export function download(name, content, type) {
  const link = make("a", { href: typeof content === "string" && content.startsWith("data:") ? content : URL.createObjectURL(new Blob([content], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

const quoted = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
export const csv = (heads, rows) => [heads, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
export const saveCsv = (name, heads, rows) => download(`${name}.csv`, csv(heads, rows), "text/csv");
