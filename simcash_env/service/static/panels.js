// Tables and tiles of the state that is shown.

import { bar, count, make, money, show, words } from "./dom.js";

const COLOURS = ["--c7", "--c2", "--c5", "--c1", "--c4", "--c6", "--c8", "--c3"];

const table = (heads, rows) =>
  make("table", {}, make("thead", {}, make("tr", {}, heads.map(([name, kind]) => make("th", { class: kind, scope: "col" }, name)))),
    make("tbody", {}, rows));

export function showTiles(place, state) {
  const { arrived, settled, settled_cents, dropped, queued, lsm_released, total_cost } = state.totals;
  const rows = [
    [count(settled), `settled of ${count(arrived)} arrived`],
    [money(settled_cents), "value settled"],
    [count(queued), `queued, ${count(state.queue2_count)} of them in Queue 2`],
    [count(lsm_released), `settled by liquidity saving${dropped ? `, ${count(dropped)} dropped` : ""}`],
    [money(total_cost), "total cost"],
  ];
  show(place, rows.map(([figure, text]) => make("div", { class: "tile" }, make("b", {}, figure), make("span", {}, text))));
}

export function showBanks(place, state, chosen, onchoose) {
  const most = Math.max(1, ...state.banks.map((bank) => Math.max(Math.abs(bank.balance), bank.available_liquidity)));
  const busiest = Math.max(1, ...state.banks.map((bank) => bank.queue1_count + bank.queue2_count));
  const heads = [["Bank"], ["Policy"], ["Balance", "num"], [""], ["Available", "num"], ["Queue 1", "num"], ["Queue 2", "num"], [""], ["Cost", "num"]];
  show(place, table(heads, state.banks.map((bank) => make("tr", { class: bank.id === chosen ? "chosen" : "" },
    make("td", {}, make("button", { type: "button", "data-key": `row-${bank.id}`, "aria-pressed": String(bank.id === chosen), onclick: () => onchoose(bank.id) }, bank.id)),
    make("td", {}, words(bank.policy)),
    make("td", { class: bank.balance < 0 ? "num negative" : "num" }, money(bank.balance)),
    make("td", {}, bar(Math.abs(bank.balance) / most, bank.balance < 0 ? "var(--bad)" : "var(--accent)")),
    make("td", { class: "num" }, money(bank.available_liquidity)),
    make("td", { class: "num" }, count(bank.queue1_count)),
    make("td", { class: "num" }, count(bank.queue2_count)),
    make("td", {}, bar((bank.queue1_count + bank.queue2_count) / busiest, "var(--c2)")),
    make("td", { class: "num" }, money(bank.total_cost))))));
}

export function showCosts(place, state) {
  const kinds = Object.keys(state.banks[0].costs);
  const totals = kinds.map((kind) => state.banks.reduce((sum, bank) => sum + bank.costs[kind], 0));
  const most = Math.max(1, ...totals);
  show(place, make("dl", { class: "kinds" }, kinds.flatMap((kind, number) => {
    const dim = totals[number] ? "" : "zero";
    return [
      make("dt", { class: dim }, words(kind)),
      make("dd", { class: dim }, bar(totals[number] / most, `var(${COLOURS[number % COLOURS.length]})`)),
      make("dd", { class: `cents ${dim}` }, money(totals[number])),
    ];
  })));
}

export function showQueue(place, state, name) {
  const isCentral = name === "";
  const payments = isCentral ? state.queue2 : state.queue1[name] ?? [];
  const all = isCentral ? state.queue2_count : state.banks.find((bank) => bank.id === name)?.queue1_count ?? 0;
  if (!payments.length) return show(place, make("p", { class: "empty" }, "This queue is empty."));
  const heads = [["Payment"], ["From"], ["To"], ["Amount", "num"], ["Priority", "num"], ["Deadline", "num"]];
  const rows = payments.map((payment) => make("tr", {},
    make("td", {}, payment.id), make("td", {}, payment.sender), make("td", {}, payment.receiver),
    make("td", { class: "num" }, money(payment.remaining)), make("td", { class: "num" }, payment.priority),
    make("td", { class: payment.is_overdue ? "num overdue" : "num" }, payment.is_overdue ? `${payment.deadline_tick}, overdue` : payment.deadline_tick)));
  show(place, table(heads, rows), make("p", { class: "note" }, payments.length < all ? `First ${payments.length} of ${count(all)}.` : `${count(all)} in total.`));
}

export function eventRows(events) {
  return events.map((event) => make("tr", {},
    make("td", { class: "num" }, event.tick), make("td", { class: "kind" }, event.kind),
    make("td", {}, event.bank ?? ""), make("td", {}, event.counterparty ?? ""), make("td", {}, event.tx ?? ""),
    make("td", { class: "num" }, event.amount === null ? "" : money(event.amount)),
    make("td", { class: "details" }, Object.entries(event.details).map(([name, value]) => `${words(name)} ${value}`).join(", "))));
}

export const eventTable = (rows) =>
  table([["Tick", "num"], ["Kind"], ["Bank"], ["Counterparty"], ["Payment"], ["Amount", "num"], ["Details"]], rows);

export const describe = (row) => `${row.id}, ${count(row.banks)} banks, ${count(row.ticks_per_day * row.num_days)} ticks`;
