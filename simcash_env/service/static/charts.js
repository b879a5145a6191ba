// Figures of every tick so far, as lines over time; a dashed line marks the tick that is shown.

import { compact, draw, make, show } from "./dom.js";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [160, 46, 10, 8, 22];
const MOST_POINTS = 160;

const CHARTS = [
  { title: "payments", lines: [["arrived", "arrivals", "--c8"], ["settled", "settlements", "--c1"], ["by liquidity saving", "lsm_releases", "--c4"]] },
  { title: "central queue", lines: [["in Queue 2", "queue2_size", "--c2"]] },
  { title: "cost", lines: [["cost per tick", "total_cost", "--c3", 100]] },
];

export function showTime(place, reports, shown, numTicks, clock) {
  if (!reports.length) return show(place, make("p", { class: "empty" }, "No tick has run yet. Press Space to run."));
  const width = Math.max(300, place.clientWidth); // one unit is one pixel, so that letters keep their size
  show(place, ...CHARTS.flatMap((chart) => drawn(chart, reports, shown, numTicks, width, clock)));
}

function drawn({ title, lines }, reports, shown, numTicks, width, clock) {
  const span = Math.max(1, Math.min(numTicks, Math.ceil(reports.length * 1.1)));
  const bucket = Math.max(1, Math.ceil(reports.length / MOST_POINTS));
  const series = lines.map(([, key, , unit = 1]) => means(reports, key, bucket, unit));
  const top = nice(Math.max(1, ...series.flat().map(([, value]) => value)));
  const x = (tick) => LEFT + ((width - LEFT - RIGHT) * tick) / span;
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const grid = [0, 0.5, 1].map((share) => [
    draw("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(top * share), y2: y(top * share) }),
    draw("text", { class: "axis", x: LEFT - 6, y: y(top * share) + 4, "text-anchor": "end" }, compact(top * share)),
  ]);
  const gap = Math.max(1, nice(span / 6)); // round ticks, four to six of them
  const ticks = Array.from({ length: Math.floor(span / gap) + 1 }, (_, number) => number * gap);
  const axis = ticks.map((tick) => draw("text", {
    class: "axis", x: x(tick), y: HEIGHT - 5, "text-anchor": x(tick) > width - RIGHT - 12 ? "end" : "middle",
  }, clock && tick < numTicks ? clock(tick) : compact(tick)));
  const paths = series.map((points, number) => draw("path", {
    d: stairs(points, x, y, reports.length), fill: "none", stroke: `var(${lines[number][2]})`, "stroke-width": 2, "stroke-linejoin": "round",
    ...(number === 0 && lines.length > 1 ? { "stroke-dasharray": "5 3" } : {}),
  }));
  const legend = lines.map(([name, , colour]) => {
    const mark = make("i");
    mark.style.background = `var(${colour})`;
    return make("li", {}, mark, name + (bucket > 1 ? `, mean of ${bucket} ticks` : ""));
  });
  return [
    make("ul", { class: "legend" }, legend),
    draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${title} by tick, at most ${compact(top)}` },
      grid, axis, paths, draw("line", { class: "now", x1: x(shown), x2: x(shown), y1: TOP, y2: HEIGHT - BOTTOM })),
  ];
}

function means(reports, key, bucket, unit) {
  const points = [];
  for (let from = 0; from < reports.length; from += bucket) {
    const part = reports.slice(from, from + bucket).filter(Boolean);
    if (part.length) points.push([from, part.reduce((sum, report) => sum + report[key], 0) / part.length / unit]);
  }
  return points;
}

const stairs = (points, x, y, end) =>
  points.map(([tick, value], number) =>
    `${number ? "L" : "M"}${x(tick)} ${y(value)}L${x(points[number + 1]?.[0] ?? end)} ${y(value)}`).join("");

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}
