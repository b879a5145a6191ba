// Charts with Plotly: one card each, drawn when it is seen, with its figure and its numbers to download.

import { count, dayOf, daysOf, download, draw, make, moment, plain, saveCsv, timeOf, unitOf } from "./dom.js";

const MOST_POINTS = 1200;
const MOST_WHILE_PLAYING = 300;
const MOST_LABELS = 6;
const GAP_MS = 400; // between two drawings of a chart while a run plays
const UNITS = [[1e14, "trillion "], [1e11, "billion "], [1e8, "million "], [1e5, "thousand "]]; // of cents

export const pace = { isPlaying: false }; // fewer points are drawn then; a pause draws all of them

export const colours = (number) => {
  const styles = getComputedStyle(document.documentElement);
  return styles.getPropertyValue(`--c${(number % 8) + 1}`).trim();
};
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Factor and name of the unit that keeps the labels of an axis short.
export function moneyUnit(run, columns) {
  let largest = 0;
  for (const column of columns) for (const cents of column) if (Math.abs(cents) > largest) largest = Math.abs(cents);
  for (const [size, name] of UNITS) if (largest >= size) return [size, `${name}${unitOf(run)}`];
  return [100, unitOf(run)];
}

// Ticks that get a label: full hours, starts of days, or round numbers.
function labels(run, length) {
  const per_day = run.ticks_per_day;
  let places = [];
  if (daysOf(run) > 1) {
    places = Array.from({ length: daysOf(run) }, (_, day) => day * per_day);
  } else if (run.times) {
    const hours = run.times.slice(0, per_day).flatMap((time, tick) => (time.endsWith(":00") && (time.length < 6 || time.endsWith(":00:00")) ? [tick] : []));
    places = hours.length > 2 ? hours : Array.from({ length: per_day }, (_, tick) => tick);
  } else {
    places = Array.from({ length: length }, (_, tick) => tick);
  }
  const round = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000].find((by) => places.length / by <= MOST_LABELS) ?? places.length;
  const every = daysOf(run) === 1 && run.times ? Math.ceil(places.length / MOST_LABELS) : round;
  const chosen = places.filter((_, number) => number % every === 0);
  const text = (tick) => (daysOf(run) > 1 ? `day ${dayOf(run, tick)}` : run.times ? timeOf(run, tick) : count(tick));
  return [chosen, chosen.map(text)];
}

export class Chart {
  // build(run, figures, shown, frame) returns {series, unit, kind, bars, range, note}; a series is {name, values, ...}.
  constructor(place, { title, about, build, tools = null, wide = false }) {
    Object.assign(this, { build, title });
    this.plot = make("div", { class: "plot" });
    this.note = make("p", { class: "note" });
    this.unit = make("small", {});
    const save = (format) => make("button", { type: "button", class: "save", onclick: () => this.save(format), title: `Save as ${format.toUpperCase()}`, "aria-label": `${title}: save as ${format.toUpperCase()}` }, format.toUpperCase());
    this.card = make("figure", { class: wide ? "card chart wide" : "card chart" },
      make("figcaption", {}, make("h2", {}, title, this.unit), make("span", { class: "saves" }, ["png", "svg", "csv"].map(save))),
      tools, make("div", { class: "frame", role: "img", "aria-label": `${title}. ${about}` }, this.plot), this.note);
    place.append(this.card);
    this.isSeen = false;
    this.drawnAt = 0;
    new IntersectionObserver(([entry]) => {
      this.isSeen = entry.isIntersecting;
      if (this.isSeen && this.wanted) schedule(this);
    }, { rootMargin: "120px" }).observe(this.card);
  }

  // Draws soon, at most every so often, and only if somebody can see it.
  update(...state) {
    this.wanted = state;
    if (this.isSeen) schedule(this);
  }

  paint() {
    const [run, figures, shown, frame] = this.wanted;
    this.wanted = null;
    this.drawnAt = performance.now();
    const content = this.build(run, figures, shown, frame);
    this.content = { ...content, run };
    const isMoney = content.unit === "money";
    const [factor, unit] = isMoney ? moneyUnit(run, content.series.map((one) => one.values)) : [1, content.unit ?? ""];
    this.unit.textContent = unit ? ` ${unit}` : "";
    this.note.textContent = content.note ?? "";
    this.note.hidden = !content.note;
    const isBars = content.kind === "bars";
    const length = Math.max(0, ...content.series.map((one) => one.values.length));
    const stride = isBars ? 1 : Math.max(1, Math.ceil(length / (pace.isPlaying ? MOST_WHILE_PLAYING : MOST_POINTS)));
    const at = isBars ? content.bars : Array.from({ length }, (_, tick) => tick).filter((tick) => tick % stride === 0 || tick === length - 1);
    const traces = content.series.map((one, number) => {
      const colour = one.colour ?? colours(number);
      const places = one.at ?? at;
      const values = isBars || one.at ? one.values : at.map((tick) => one.values[tick]);
      const text = isBars ? undefined : places.map((tick) => moment(run, tick));
      const scaled = values.map((value) => (value === null || value === undefined ? null : value / factor));
      const isLine = !isBars && !one.at && length > 0; // a tick is as wide as the next one, the last one too
      const last = (column) => (isLine ? [...column, column.at(-1)] : column);
      const base = { name: one.name, x: isLine ? [...places, length] : places, y: last(scaled), text: text && last(text), hovertemplate: `%{y:,.2f} ${one.name}<extra>%{text}</extra>`, showlegend: one.isNamed !== false };
      if (isBars) return { ...base, type: "bar", marker: { color: one.colours ?? colour }, hovertemplate: "%{x}: %{y:,.2f}<extra></extra>" };
      if (one.mark) return { ...base, type: "scatter", mode: "markers", marker: { symbol: one.mark, size: 9, color: colour, line: { width: 1.5, color: css("--text") } } };
      return {
        ...base, type: "scatter", mode: "lines", stackgroup: one.stack, fill: one.fill ?? (one.stack ? "tonexty" : undefined), fillcolor: one.fillcolour,
        opacity: one.opacity ?? 1,
        line: { color: colour, width: one.width ?? 2, dash: one.dash ?? "solid", shape: "hv" },
      };
    });
    window.Plotly.react(this.plot, traces, this.layout(run, content, shown, isBars), { displayModeBar: false, responsive: true });
  }

  layout(run, content, shown, isBars) {
    const grid = css("--line"), soft = css("--soft");
    const [tickvals, ticktext] = isBars ? [] : labels(run, run.num_ticks);
    const line = (x, colour, dash) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color: colour, width: 1.5, dash }, layer: dash ? "below" : "above" });
    const days = daysOf(run) > 1 && daysOf(run) <= 31 && !isBars ? Array.from({ length: daysOf(run) - 1 }, (_, day) => line((day + 1) * run.ticks_per_day, grid, "dot")) : [];
    const axis = { gridcolor: grid, zerolinecolor: soft, linecolor: grid, tickcolor: grid, automargin: true, fixedrange: false };
    return {
      height: 240, margin: { l: 8, r: 12, t: 8, b: 8 }, barmode: "relative", bargap: 0.25,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: isBars ? "closest" : "x unified",
      font: { family: "system-ui, Segoe UI, Roboto, sans-serif", size: 12, color: css("--text") },
      hoverlabel: { bgcolor: css("--card"), bordercolor: grid, font: { color: css("--text") } },
      xaxis: isBars ? { ...axis, type: "category", tickangle: "auto" } : { ...axis, range: [0, run.num_ticks], tickvals, ticktext, showgrid: false, zeroline: false, tickangle: 0 },
      yaxis: { ...axis, showticklabels: content.series.some((one) => one.values.length > 0), range: content.range, tickformat: content.unit === "money" ? ",~r" : content.percent ? ".0%" : ",~r", rangemode: content.range ? undefined : "tozero", exponentformat: "none" },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 }, itemclick: "toggle" },
      shapes: [...days, ...(isBars || shown < 1 ? [] : [line(shown, css("--accent"))])],
      uirevision: run.id, datarevision: Math.random(),
    };
  }

  async save(format) {
    if (!this.content) return;
    const { series, bars, run, kind, unit } = this.content;
    const name = `${run.name}-${this.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
    if (format !== "csv") {
      const image = await window.Plotly.toImage(this.plot, { format, width: 900, height: 420, scale: format === "png" ? 2 : 1 });
      return download(`${name}.${format}`, image);
    }
    const value = (number) => (number === null || number === undefined ? "" : unit === "money" ? plain(number) : number);
    if (kind === "bars") return saveCsv(name, ["bank", ...series.map((one) => one.name)], bars.map((bar, at) => [bar, ...series.map((one) => value(one.values[at]))]));
    const lines = series.filter((one) => !one.at);
    const length = Math.max(0, ...lines.map((one) => one.values.length));
    const rows = Array.from({ length }, (_, tick) => [tick, dayOf(run, tick), timeOf(run, tick), ...lines.map((one) => value(one.values[tick]))]);
    return saveCsv(name, ["tick", "day", "time", ...lines.map((one) => one.name)], rows);
  }
}

// -- drawing one chart at a time, between frames -----------------------------------------------------------------------

const waiting = new Set();
let isBusy = false;
export const timing = { frames: 0, script_ms: 0, longest_ms: 0 }; // of drawing, for benchmarks

export function note_script(began) {
  const took = performance.now() - began;
  timing.frames += 1;
  timing.script_ms += took;
  timing.longest_ms = Math.max(timing.longest_ms, took);
}

function schedule(chart) {
  waiting.add(chart);
  if (!isBusy) next();
}

function next() {
  const now = performance.now();
  const ready = [...waiting].find((chart) => now - chart.drawnAt >= GAP_MS);
  if (!waiting.size) { isBusy = false; return; }
  isBusy = true;
  if (!ready) { setTimeout(next, 40); return; }
  waiting.delete(ready);
  requestAnimationFrame(() => {
    const began = performance.now();
    if (ready.wanted && window.Plotly && ready.card.isConnected) ready.paint();
    note_script(began);
    next();
  });
}

// A line through numbers, for the timeline: no library, one path.
export function sparkline(place, values, length) {
  const most = Math.max(1, ...values);
  const stride = Math.max(1, Math.ceil(values.length / 600));
  const points = [];
  for (let tick = 0; tick < values.length; tick += stride) points.push(`${((tick + 1) / length) * 1000} ${30 - (28 * values[tick]) / most}`);
  const last = values.length ? (values.length / length) * 1000 : 0;
  place.replaceChildren(draw("svg", { viewBox: "0 0 1000 30", preserveAspectRatio: "none" },
    draw("path", { class: "spark", d: points.length ? `M0 30 L${points.join(" L")} L${last} 30 Z` : "" })));
}
