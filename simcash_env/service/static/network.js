// Banks in a ring; an arc from sender to receiver is as wide as what waits between them is large.

import { compact, draw, make, money, show } from "./dom.js";

const SIZE = 460;
const CENTRE = SIZE / 2;

export function showNetwork(place, state, chosen, onchoose) {
  const banks = state.banks;
  const room = Math.min(34, Math.max(6, 430 / banks.length));
  const ring = CENTRE - room - 24;
  const at = new Map(banks.map((bank, number) => {
    const angle = (2 * Math.PI * number) / banks.length - Math.PI / 2;
    return [bank.id, [CENTRE + ring * Math.cos(angle), CENTRE + ring * Math.sin(angle)]];
  }));
  const most = Math.max(1, ...state.waiting.map((pair) => pair.cents));
  const shown = [...state.waiting].sort((a, b) => b.cents - a.cents).slice(0, 400).reverse();
  const arcs = shown.map((pair) => arc(pair, at, room, most, chosen));
  const nodes = banks.map((bank) => node(bank, at.get(bank.id), room, bank.id === chosen, onchoose, banks.length > 24));
  const total = state.waiting.reduce((sum, pair) => sum + pair.cents, 0);
  const left = state.waiting.length - shown.length;
  const text = state.waiting.length
    ? `${compact(state.waiting.reduce((sum, pair) => sum + pair.count, 0))} payments worth ${money(total)} are queued between ${state.waiting.length} pairs of banks`
      + (left ? `; the ${left} smallest pairs are not shown` : "")
    : "No queued payments.";
  show(place, make("p", { class: "note" }, text),
    draw("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "group", "aria-label": "Network of banks" },
      draw("defs", {}, draw("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
        draw("path", { d: "M0 0 L8 4 L0 8 z", class: "arrow" }))),
      arcs, nodes));
}

function arc(pair, at, room, most, chosen) {
  const [x1, y1] = at.get(pair.sender);
  const [x2, y2] = at.get(pair.receiver);
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const bend = Math.min(46, length * 0.18); // there and back are two arcs
  const [mx, my] = [(x1 + x2) / 2 - uy * bend, (y1 + y2) / 2 + ux * bend];
  const gap = room + 3;
  const [ax, ay] = towards(x1, y1, mx, my, gap);
  const [bx, by] = towards(x2, y2, mx, my, gap + 4);
  const isDim = chosen && chosen !== pair.sender && chosen !== pair.receiver;
  return draw("path", {
    class: isDim ? "edge dim" : "edge", d: `M${ax} ${ay} Q${mx} ${my} ${bx} ${by}`,
    "stroke-width": 1 + 5 * (pair.cents / most), "marker-end": "url(#tip)",
  }, draw("title", {}, `${pair.sender} to ${pair.receiver}: ${pair.count} payments, ${money(pair.cents)}`));
}

function towards(x, y, tx, ty, by) {
  const length = Math.hypot(tx - x, ty - y) || 1;
  return [x + ((tx - x) * by) / length, y + ((ty - y) * by) / length];
}

function node(bank, [x, y], room, isChosen, onchoose, isCrowded) {
  const choose = () => onchoose(bank.id);
  const waiting = bank.queue1_count + bank.queue2_count;
  const label = `${bank.id}: balance ${money(bank.balance)}, ${waiting} queued payments`;
  const name = bank.id.length > 9 ? bank.id.replace(/^BANK_?/i, "") || bank.id : bank.id;
  return draw("g", {
    class: `node${bank.balance < 0 ? " negative" : ""}${isChosen ? " chosen" : ""}`, tabindex: 0, role: "button",
    "aria-label": label, "aria-pressed": String(isChosen), "data-key": `node-${bank.id}`, onclick: choose,
    onkeydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    },
  },
  draw("title", {}, label),
  draw("circle", { cx: x, cy: y, r: room }),
  isCrowded ? null : draw("text", { x, y: y - 3, "font-weight": 600, "font-size": name.length > 7 ? 10 : 12 }, name),
  isCrowded ? null : draw("text", { x, y: y + 13, class: "soft" }, compact(bank.balance / 100)));
}
