// The first page: scenarios of the library, one's own, recorded runs, files and runs of the service.

import * as api from "./api.js";
import { count, find, make, show } from "./dom.js";

export class StartPage {
  constructor(offers, setup, { onopen, onproblem }) {
    Object.assign(this, { offers, setup, onopen, onproblem });
    this.cards = offers.scenarios.map((row) => this.card(row));
    show(find("library"), this.cards.map((one) => one.node));
    find("find").addEventListener("input", () => this.filter());
    find("own-use").addEventListener("click", () => this.attempt(() => this.useOwn()));
    find("record-use").addEventListener("click", () => this.attempt(() => this.useRecord()));
    find("files-card").hidden = !offers.files.length;
    show(find("files"), offers.files.map((one) => make("li", {},
      make("button", { type: "button", class: "link", onclick: () => this.attempt(() => this.useFile(one)) }, one.file), make("small", {}, one.kind === "record" ? "recorded run" : "scenario"))));
  }

  card(row) {
    const ticks = row.ticks_per_day * row.num_days;
    const size = `${count(row.banks)} ${row.banks === 1 ? "bank" : "banks"} · ${count(ticks)} ticks${row.num_days > 1 ? ` in ${count(row.num_days)} days` : ""}`;
    const text = row.question || row.description;
    const node = make("button", { type: "button", class: "scenario", "data-id": row.id, onclick: () => this.attempt(() => this.use({ scenario: row.id })) },
      make("b", {}, row.id), make("span", { class: "size" }, size), make("span", { class: "question" }, text));
    return { node, text: `${row.id} ${row.description} ${text} ${size}`.toLowerCase() };
  }

  filter() {
    const wanted = find("find").value.trim().toLowerCase();
    for (const { node, text } of this.cards) node.hidden = !text.includes(wanted);
  }

  async attempt(work) {
    this.onproblem("");
    find("start").setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (problem) {
      this.onproblem(problem.message);
    } finally {
      find("start").setAttribute("aria-busy", "false");
    }
  }

  async use(view, more) {
    const run = await this.setup.ask(view, more);
    if (run) this.onopen(run.id);
  }

  async useOwn() {
    const file = find("own-file").files[0];
    const text = find("own-text").value;
    if (!file && !text.trim()) throw new Error("Choose a file, or paste the text of a scenario.");
    await this.use(text.trim() ? { text, name: "scenario" } : { text: await file.text(), name: file.name });
  }

  async useRecord() {
    const file = find("record-file").files[0];
    if (!file) throw new Error("Choose a record: a Parquet or DuckDB file.");
    const run = await api.upload(file, find("record-run").value);
    this.onopen(run.id);
  }

  async useFile(one) {
    if (one.kind === "scenario") await this.use({ file: one.file });
    else this.onopen((await api.openRecord(one.file)).id);
  }

  async refresh() {
    const { simulations } = await api.list();
    const rows = [...simulations].reverse().map((run) => make("li", {},
      make("button", { type: "button", class: "link", onclick: () => this.onopen(run.id) }, run.name),
      make("small", {}, `seed ${run.seed}, tick ${count(run.tick)} of ${count(run.num_ticks)}`),
      make("button", { type: "button", class: "quiet", "aria-label": `Delete ${run.name} ${run.id}`, onclick: () => this.attempt(async () => { await api.remove(run.id); await this.refresh(); }) }, "Delete")));
    show(find("open"), rows.length ? rows : make("li", { class: "note" }, "No run yet."));
    return simulations;
  }
}
