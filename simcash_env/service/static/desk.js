// A person decides for one bank: its payments with the choices that are legal, its pool, and the end of the tick.

import * as api from "./api.js";
import { count, find, make, moment, money, show, unitOf, words } from "./dom.js";

const called = (one) => (one.name === "fifo" ? "FIFO" : "the best tuned policy");

// My cost against another one, in words.
function against(mine, one) {
  const ratio = mine / one.cents;
  if (mine === one.cents) return `as much as ${called(one)}`;
  if (one.cents > 0 && ratio >= 2) return `${(Math.round(10 * ratio) / 10).toFixed(1)} times as much as ${called(one)}`;
  const percent = one.cents > 0 ? `${(100 * Math.abs(ratio - 1)).toFixed(1)} % ` : "";
  return `${percent}${mine < one.cents ? "less" : "more"} than ${called(one)}`;
}
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
      this.goal(run, frame),
      make("dl", { class: "figures" }, figures.map(([text, cents]) => make("div", {}, make("dt", {}, text), make("dd", { class: cents < 0 ? "negative" : "" }, money(cents))))),
    ];
    if (!desk) {
      const isOver = frame.tick >= run.num_ticks;
      if (isOver) this.readScore(run);
      show(place, head, isOver ? this.scores(run) : make("p", { class: "note" }, this.player.live >= run.num_ticks ? "The run is over; its last tick has your score." : "You decide at the latest tick."));
      return;
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

  // What the game is about; open at the first tick, then as the person leaves it.
  goal(run, frame) {
    const isOpen = this.isGoalOpen ?? frame.tick === 0;
    const prices = run.prices.length ? make("ul", {}, run.prices.map((one) => make("li", {}, `${one.what}: `, make("b", {}, one.price)))) : "";
    return make("details", { class: "goal", open: isOpen },
      make("summary", { "data-key": "desk-goal", onclick: (event) => { this.isGoalOpen = !event.target.parentNode.open; } }, "The game"),
      make("p", {}, "Pay your payments at the lowest cost to your bank. A released payment is settled when your bank has the money; until then it waits in the central queue (Queue 2). A payment that you hold may be paid later with money that comes in. You decide for one bank; the others follow their policies."),
      run.prices.length ? make("p", {}, "What costs money:") : "", prices);
  }

  async readScore(run) {
    if (this.scoreOf === run.id) return;
    this.scoreOf = run.id;
    this.score = null;
    try {
      this.score = await api.score(run.id);
    } catch (problem) {
      this.score = { rows: [], note: problem.message };
    }
    if (this.player.run === run && this.player.lastFrame) this.show(run, this.player.lastFrame);
  }

  scores(run) {
    const over = make("p", {}, "The run is over.");
    if (!this.score) return [over, make("p", { class: "note" }, "The same day is played with scripted policies in your place ...")];
    const [mine, ...others] = this.score.rows;
    if (!mine) return [over, make("p", { class: "note" }, this.score.note)];
    const verdict = others.map((one) => against(mine.cents, one)).join(", ");
    const cell = (head, content, kind) => make("td", { "data-head": head, class: kind }, content);
    const rows = [mine, ...others].sort((one, two) => one.cents - two.cents).map((one) => make("tr", { class: one === mine ? "mine" : null },
      cell("Who decides", one === mine ? "you" : called(one)), cell("Policy", words(one.policy) || "–", "text"), cell("Cost", money(one.cents), "num")));
    return [over, make("p", { id: "verdict", class: "verdict" }, `Your bank paid ${money(mine.cents)} ${unitOf(run)}: ${verdict}.`),
      make("p", { class: "note" }, `Cost of ${this.score.bank} with the same payments, in ${unitOf(run)}; the other banks as in your run.`),
      make("table", { class: "rows score" }, make("caption", { class: "hidden" }, "Your cost next to that of scripted policies"),
        make("thead", {}, make("tr", {}, [["Who decides"], ["Policy", "text"], ["Cost", "num"]].map(([text, kind]) => make("th", { scope: "col", class: kind }, text)))), make("tbody", {}, rows)),
      this.score.note ? make("p", { class: "note" }, `${this.score.note[0].toUpperCase()}${this.score.note.slice(1)}.`) : ""];
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
