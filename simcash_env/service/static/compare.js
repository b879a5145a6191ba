// Two runs of the same day next to each other: figures with their differences, lines of both, costs by bank.

import * as api from "./api.js";
import { Chart, colours } from "./charts.js";
import { count, find, make, money, options, percent, show, signed, table, words } from "./dom.js";
import { Figures } from "./player.js";

const sums = (column) => { let total = 0; return column.map((value) => (total += value)); };

// [name, value of a frame and its figures, how to write it, whether more is better (1), worse (-1) or neither (0)]
const MEASURES = [
  ["Settled value", (frame, figures) => so_far(figures, "settled", frame.tick), money, 1],
  ["Settled share of the submitted value", (frame, figures) => share(so_far(figures, "settled", frame.tick), so_far(figures, "arrived", frame.tick)), percent, 1],
  ["Queued value", (frame, figures) => (frame.tick ? at(figures, "queue1", frame.tick) + at(figures, "queue2", frame.tick) : 0), money, -1],
  ["Overdue value", ({ banks }) => add(banks.overdue_cents), money, -1],
  ["Liquidity used in the day", (frame, figures) => at(figures, "liquidity_used", frame.tick), money, -1],
  ["Delay indicator", (frame, figures) => at(figures, "delay_indicator", frame.tick), (value) => value.toFixed(3), -1],
  ["Total cost", (frame, figures) => so_far(figures, "cost", frame.tick), money, -1],
];
const add = (column) => column.reduce((total, value) => total + value, 0);
const share = (part, whole) => (whole ? part / whole : null);
// Sums over closed ticks: a run with banks that decide from outside has the next tick's payments in its queues already.
const so_far = (figures, name, tick) => add((figures.columns.system[name] ?? []).slice(0, tick));
const at = (figures, name, tick) => (tick > 0 ? figures.columns.system[name]?.[tick - 1] ?? null : null);

export class Compare {
  constructor(player, { onproblem, oncreate }) {
    Object.assign(this, { player, onproblem });
    find("other").addEventListener("change", (event) => this.choose(event.target.value));
    find("other-new").addEventListener("click", () => oncreate());
  }

  get isOpen() {
    return !find("compare").hidden;
  }

  async open(run) {
    this.other = null;
    this.figures = null;
    show(find("differences"), make("p", { class: "empty" }, "Choose a run to compare with, or make one of the same day with other policies."));
    show(find("compare-charts"));
    find("compare-banks-card").hidden = true;
    find("other-note").textContent = "";
    this.charts = [];
    await this.list(run, "");
  }

  async list(run, chosen) {
    const { simulations } = await api.list();
    const rows = simulations.filter((one) => one.id !== run.id && one.ticks_per_day === run.ticks_per_day)
      .sort((a, b) => Number(b.name === run.name) - Number(a.name === run.name));
    options(find("other"), [["", rows.length ? "choose a run" : "no other run of such days"], ...rows.map((one) => [one.id, `${one.name}, seed ${one.seed} (${one.id})`])], chosen);
  }

  async choose(id) {
    if (!id) return this.open(this.player.run);
    try {
      this.other = await api.about(id);
      this.figures = new Figures(id);
      this.draw();
      await this.update(this.player.lastFrame, this.player.figures);
    } catch (problem) {
      this.onproblem(problem.message);
    }
  }

  draw() {
    const place = find("compare-charts");
    show(place);
    const pair = (title, name, { running = false } = {}) => new Chart(place, {
      title, about: "Solid: this run. Dashed: the other run.",
      build: (run, figures, shown, both) => ({
        unit: name === "delay_indicator" ? "share" : "money",
        series: [["this run", figures, "solid", 0], ["other run", both.figures, "dash", 1]].map(([text, own, dash, colour]) => {
          const column = own.columns.system[name] ?? [];
          return { name: text, values: running ? sums(column) : column, dash, colour: colours(colour) };
        }),
      }),
    });
    this.charts = [pair("Settled value of the day", "paid"), pair("Value queued in Queue 1", "queue1"), pair("Value queued in Queue 2", "queue2"),
      pair("Liquidity used", "liquidity_used"), pair("Cost so far", "cost", { running: true }), pair("Delay indicator", "delay_indicator")];
  }

  // Brings the other run to the tick that is shown, and shows both.
  async update(frame, figures) {
    if (!this.other || !this.isOpen || !frame || this.isBusy) return;
    this.isBusy = true;
    try {
      const { other } = this, { run } = this.player;
      const tick = Math.min(frame.tick, other.num_ticks);
      if (other.tick < tick) other.tick = (await api.tick(other.id, { count: tick - other.tick })).tick;
      const theirs = await api.frame(other.id, { tick });
      await Promise.all([this.figures.read(tick), figures.read(frame.tick)]);
      this.show(run, frame, figures, theirs);
      for (const chart of this.charts) chart.update(run, figures, frame.tick, { figures: this.figures });
    } catch (problem) {
      this.onproblem(problem.message);
    } finally {
      this.isBusy = false;
    }
    if (this.player.lastFrame !== frame) await this.update(this.player.lastFrame, figures);
  }

  show(run, frame, figures, theirs) {
    const { other } = this;
    const reasons = [run.name !== other.name ? "the scenarios differ" : "", run.seed !== other.seed ? "the seeds differ, so the payments do" : "", so_far(figures, "arrived", theirs.tick) !== so_far(this.figures, "arrived", theirs.tick) ? "not the same payments have arrived" : ""].filter(Boolean);
    find("other-note").textContent = reasons.length ? `Not the same day: ${reasons.join(", ")}.` : "The same payments have arrived in both runs.";
    const differing = run.bank_ids.filter((bank) => other.policies[bank] !== undefined && other.policies[bank] !== run.policies[bank]);
    const rows = MEASURES.map(([name, value, text, good]) => {
      const [one, two] = [value(frame, figures), value(theirs, this.figures)];
      const change = one === null || two === null ? null : two - one;
      const kind = change && good ? (change * good > 0 ? "better" : "worse") : "";
      const written = change === null ? "–" : text === money ? signed(change) : text === percent ? `${change > 0 ? "+" : ""}${(100 * change).toFixed(1)} points`.replace("-", "−") : `${change > 0 ? "+" : ""}${change.toFixed(3)}`.replace("-", "−");
      return [name, one === null ? "–" : text(one), two === null ? "–" : text(two), { text: kind ? `${written} (${kind})` : written, class: kind }];
    });
    const policies = differing.length === run.bank_ids.length && new Set(differing.map((bank) => `${run.policies[bank]}\n${other.policies[bank]}`)).size === 1
      ? `All banks: ${words(run.policies[differing[0]])} here, ${words(other.policies[differing[0]])} there.`
      : differing.length ? `Other policies: ${differing.slice(0, 4).map((bank) => `${bank} ${words(run.policies[bank])} here, ${words(other.policies[bank])} there`).join("; ")}${differing.length > 4 ? ` and ${count(differing.length - 4)} more` : ""}.` : "The policies are the same.";
    show(find("differences"), make("p", { class: "note" }, policies), table([["Figure"], ["This run", "num"], ["Other run", "num"], ["Other minus this", "num"]], rows, { caption: "Both runs at the tick shown" }));
    const costs = run.bank_ids.flatMap((bank, number) => {
      const there = other.bank_ids.indexOf(bank);
      return there < 0 ? [] : [[bank, frame.banks.cost[number], theirs.banks.cost[there]]];
    }).sort((a, b) => Math.abs(b[2] - b[1]) - Math.abs(a[2] - a[1])).slice(0, 60);
    find("compare-banks-card").hidden = false;
    show(find("compare-banks"), table([["Bank"], ["This run", "num"], ["Other run", "num"], ["Other minus this", "num"]],
      costs.map(([bank, one, two]) => [bank, money(one), money(two), { text: signed(two - one), class: two < one ? "better" : two > one ? "worse" : "" }]), { caption: "Cost by bank" }));
  }
}
