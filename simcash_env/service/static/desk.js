// A person decides for one bank: its payments with the choices that are legal, its pool, and the end of the tick.

import { count, find, make, moment, money, show } from "./dom.js";

const name = (choice) => (Array.isArray(choice) ? `split into ${choice[1]}` : choice);
const key = (choice) => JSON.stringify(choice);

export class Desk {
  constructor(player) {
    this.player = player;
    this.chosen = new Map();
  }

  show(run, frame) {
    const place = find("desk"), { desk } = frame;
    place.hidden = !run.people.length;
    if (!run.people.length) return;
    const bank = run.people[0], at = run.bank_ids.indexOf(bank), { banks } = frame;
    const figures = [["Balance", banks.balance[at]], ["Available", banks.available[at]], ["Queue 1", banks.queue1_cents[at]], ["Queue 2", banks.queue2_cents[at]], ["Cost so far", banks.cost[at]]];
    const head = [
      make("h2", { id: "desk-title" }, `You decide for ${bank}`),
      make("dl", { class: "figures" }, figures.map(([text, cents]) => make("div", {}, make("dt", {}, text), make("dd", { class: cents < 0 ? "negative" : "" }, money(cents))))),
    ];
    if (!desk) {
      const text = frame.tick >= run.num_ticks ? "The run is over." : "You decide at the latest tick.";
      return show(place, head, make("p", { class: "note" }, text));
    }
    if (this.tick !== frame.tick || this.run !== run.id) this.chosen = new Map();
    this.tick = frame.tick;
    this.run = run.id;
    this.desk = desk;
    const all = (choice) => { for (const payment of desk.payments) this.chosen.set(payment.id, choice); this.show(run, frame); };
    const rows = desk.payments.map((payment) => this.row(run, frame, payment));
    const list = rows.length
      ? make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Payments to decide on" }, make("table", { class: "rows" }, make("caption", { class: "hidden" }, "Payments to decide on"),
        make("thead", {}, make("tr", {}, [["Payment"], ["To"], ["Amount", "num"], ["Deadline"], ["Decision"]].map(([text, kind]) => make("th", { scope: "col", class: kind }, text)))), make("tbody", {}, rows)))
      : make("p", { class: "empty" }, "No payment waits for your decision.");
    show(place, head, this.pool(desk), list,
      desk.queued > desk.payments.length ? make("p", { class: "note" }, `The first ${desk.payments.length} of ${count(desk.queued)}; the others are held.`) : "",
      make("div", { class: "end" },
        make("button", { type: "button", "data-key": "desk-release", onclick: () => all("release"), disabled: !rows.length }, "Release all"),
        make("button", { type: "button", "data-key": "desk-hold", onclick: () => all("hold"), disabled: !rows.length }, "Hold all"),
        make("button", { type: "button", class: "primary", "data-key": "desk-close", id: "desk-close", onclick: () => { this.player.stop(); this.player.forward(); } }, "Close the tick")));
  }

  row(run, frame, payment) {
    const chosen = this.chosen.get(payment.id) ?? "hold";
    const select = make("select", { "aria-label": `Decision on ${payment.id}`, "data-key": `desk-${payment.id}`, onchange: (event) => this.chosen.set(payment.id, JSON.parse(event.target.value)) },
      payment.choices.map((choice) => make("option", { value: key(choice), selected: key(choice) === key(chosen) }, name(choice))));
    const left = payment.deadline_tick - frame.tick;
    const due = payment.is_overdue ? "overdue" : `${moment(run, payment.deadline_tick)} (${left <= 0 ? "now" : `${left} ${left === 1 ? "tick" : "ticks"}`})`;
    const cell = (head, content, kind) => make("td", { "data-head": head, class: kind }, content);
    return make("tr", {}, cell("Payment", payment.id), cell("To", payment.receiver), cell("Amount", money(payment.remaining), "num"), cell("Deadline", due, left <= 1 ? "overdue" : null), cell("Decision", select));
  }

  pool(desk) {
    if (!desk.pool) return null;
    const most = Math.max(...desk.pool.levels);
    const now = this.level ?? Math.round((most * desk.pool.allocated) / desk.pool.cents);
    const text = (level) => `${Math.round((100 * level) / 20)} % of the pool: ${money(Math.trunc((desk.pool.cents * level) / 20))}`;
    const output = make("output", {}, text(now));
    this.level = now;
    return make("label", { class: "pool" }, "Liquidity to allocate for the day",
      make("input", { type: "range", id: "desk-pool", "data-key": "desk-pool", min: 0, max: most, value: now, oninput: (event) => { this.level = Number(event.target.value); output.textContent = text(this.level); } }), output);
  }

  // What the person has decided, as a tick call takes it; what was not touched is held.
  orders() {
    const bank = this.player.desk, actions = {};
    for (const payment of this.desk?.payments ?? []) actions[payment.id] = this.chosen.get(payment.id) ?? "hold";
    const orders = { actions: { [bank]: actions } };
    if (this.desk?.pool && this.level !== undefined) orders.pool_levels = { [bank]: this.level };
    this.level = undefined;
    return orders;
  }
}
