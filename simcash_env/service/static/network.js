// Who waits for whom: a network of few banks, a matrix of many, and the largest pairs as a table.

import { note_script } from "./charts.js";
import { compact, count, draw, find, make, money, show, table } from "./dom.js";

const SIZE = 520;
const CENTRE = SIZE / 2;
const MOST_IN_RING = 24;
const MOST_IN_MATRIX = 60;
const MOST_PAIRS = 40;

export function showNetwork(run, frame, chosen, onchoose) {
  const began = performance.now();
  const view = find("network-view").value;
  const isRing = view === "ring" || (view === "auto" && run.bank_ids.length <= MOST_IN_RING);
  const total = frame.waiting.reduce((sum, pair) => sum + pair[3], 0), payments = frame.waiting.reduce((sum, pair) => sum + pair[2], 0);
  const text = frame.waiting.length ? `${count(payments)} payments worth ${money(total)} wait between ${count(frame.waiting.length)} pairs of banks. ` : "No payment waits. ";
  find("network-ring").hidden = !isRing;
  find("network-matrix").hidden = isRing || !frame.waiting.length;
  find("network-note").textContent = text + (isRing ? ringNote(frame) : matrixNote(run, frame));
  if (isRing) showRing(find("network-ring"), run, frame, chosen, onchoose);
  else if (frame.waiting.length) showMatrix(find("network-matrix"), run, frame);
  const name = (at) => run.bank_ids[at];
  const rows = frame.waiting.slice(0, MOST_PAIRS).map(([sender, receiver, many, cents]) => [name(receiver), name(sender), { text: count(many) }, { text: money(cents) }]);
  show(find("pairs"), rows.length ? table([["Bank"], ["waits for"], ["Payments", "num"], ["Value", "num"]], rows, { caption: "Who waits for whom, largest value first" }) : make("p", { class: "empty" }, "Nobody waits."),
    frame.waiting.length > MOST_PAIRS ? make("p", { class: "note" }, `The ${MOST_PAIRS} largest of ${count(frame.waiting.length)} pairs.`) : "");
  note_script(began);
}

const ringNote = (frame) => (frame.waiting.length > 300 ? "The 300 largest are drawn." : "");

function matrixNote(run, frame) {
  const { order, hasOthers } = involved(run, frame);
  return hasOthers ? `The matrix has the ${order.length} banks with the most value, and all others as one.` : order.length ? "The matrix has the banks that pay or are paid." : "";
}

// Banks that owe or are owed, largest value first.
function involved(run, frame) {
  const value = new Array(run.bank_ids.length).fill(0);
  for (const [sender, receiver, , cents] of frame.waiting) {
    value[sender] += cents;
    value[receiver] += cents;
  }
  const order = value.map((_, at) => at).filter((at) => value[at]).sort((a, b) => value[b] - value[a] || a - b);
  return { order: order.slice(0, MOST_IN_MATRIX), hasOthers: order.length > MOST_IN_MATRIX };
}

function showMatrix(place, run, frame) {
  const { order, hasOthers } = involved(run, frame);
  const row = new Map(order.map((bank, at) => [bank, at]));
  const size = order.length + (hasOthers ? 1 : 0);
  const names = [...order.map((bank) => run.bank_ids[bank]), ...(hasOthers ? ["others"] : [])];
  const cells = Array.from({ length: size }, () => new Array(size).fill(null));
  for (const [sender, receiver, , cents] of frame.waiting) {
    const [y, x] = [row.get(sender) ?? size - 1, row.get(receiver) ?? size - 1];
    cells[y][x] = (cells[y][x] ?? 0) + cents / 100;
  }
  const style = getComputedStyle(document.documentElement);
  const css = (name) => style.getPropertyValue(name).trim();
  const every = Math.ceil(size / 20);
  const shown = names.filter((_, at) => at % every === 0);
  const axis = { type: "category", tickvals: shown, ticktext: shown, gridcolor: css("--line"), automargin: true, tickfont: { size: 10 } };
  const trace = {
    type: "heatmap", x: names, y: names, z: cells, xgap: 1, ygap: 1, hoverongaps: false, zmin: 0,
    colorscale: [[0, css("--low")], [0.2, css("--c6")], [1, css("--text")]], colorbar: { thickness: 12, tickformat: ",~s", outlinewidth: 0 },
    hovertemplate: "%{y} to %{x}: %{z:,.2f}<extra></extra>",
  };
  const layout = {
    height: 520, margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: css("--sunk"),
    font: { family: "system-ui, sans-serif", size: 12, color: css("--text") },
    xaxis: { ...axis, title: { text: "receiver" }, tickangle: -60 }, yaxis: { ...axis, title: { text: "sender" }, autorange: "reversed" },
  };
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", "Matrix of queued value, senders in rows, receivers in columns; the table has the largest pairs");
  window.Plotly?.react(place, [trace], layout, { displayModeBar: false, responsive: true });
}

function showRing(place, run, frame, chosen, onchoose) {
  const banks = run.bank_ids, figures = frame.banks;
  const room = Math.min(38, Math.max(5, 430 / banks.length));
  const ring = CENTRE - room - 8;
  const at = banks.map((_, number) => {
    const angle = (2 * Math.PI * number) / banks.length - Math.PI / 2;
    return [CENTRE + ring * Math.cos(angle), CENTRE + ring * Math.sin(angle)];
  });
  const shown = frame.waiting.slice(0, 300);
  const most = Math.max(1, ...shown.map((pair) => pair[3]));
  const marked = new Set(chosen.map((bank) => banks.indexOf(bank)));
  const arcs = [...shown].reverse().map(([sender, receiver, many, cents]) => {
    const isDim = marked.size && !marked.has(sender) && !marked.has(receiver);
    return arc(at[sender], at[receiver], room, cents / most, isDim, `${banks[sender]} to ${banks[receiver]}: ${many} payments, ${money(cents)}`);
  });
  const nodes = banks.map((bank, number) => node(bank, figures, number, at[number], room, chosen.includes(bank), onchoose, banks.length > MOST_IN_RING));
  show(place, draw("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "group", "aria-label": "Network of banks" },
    draw("defs", {}, draw("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
      draw("path", { d: "M0 0 L8 4 L0 8 z", class: "arrow" }))), arcs, nodes));
}

function arc([x1, y1], [x2, y2], room, share, isDim, label) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const bend = Math.min(46, length * 0.18); // there and back are two arcs
  const [mx, my] = [(x1 + x2) / 2 - uy * bend, (y1 + y2) / 2 + ux * bend];
  const [ax, ay] = towards(x1, y1, mx, my, room + 3), [bx, by] = towards(x2, y2, mx, my, room + 7);
  return draw("path", { class: isDim ? "edge dim" : "edge", d: `M${ax} ${ay} Q${mx} ${my} ${bx} ${by}`, "stroke-width": 1 + 5 * share, "marker-end": "url(#tip)" }, draw("title", {}, label));
}

function towards(x, y, tx, ty, by) {
  const length = Math.hypot(tx - x, ty - y) || 1;
  return [x + ((tx - x) * by) / length, y + ((ty - y) * by) / length];
}

function node(bank, figures, number, [x, y], room, isChosen, onchoose, isCrowded) {
  const choose = () => onchoose(bank);
  const waiting = figures.queue1_count[number] + figures.queue2_count[number];
  const label = `${bank}: balance ${money(figures.balance[number])}, ${waiting} queued payments`;
  const name = bank.length > 9 ? bank.replace(/^BANK_?/i, "") || bank : bank;
  return draw("g", {
    class: `node level${figures.trouble[number]}${isChosen ? " chosen" : ""}`, tabindex: 0, role: "button",
    "aria-label": label, "aria-pressed": String(isChosen), "data-key": `node-${bank}`, onclick: choose,
    onkeydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    },
  },
  draw("title", {}, label),
  draw("circle", { cx: x, cy: y, r: room }),
  isCrowded ? null : draw("text", { x, y: y - 3, "font-weight": 600, "font-size": name.length > 8 ? 9 : name.length > 6 ? 10.5 : 12 }, name),
  isCrowded ? null : draw("text", { x, y: y + 13, class: "soft", "font-size": 11 }, compact(figures.balance[number] / 100)));
}
