// The event list: newest first, up to the tick that is shown, filtered by the service.

import * as api from "./api.js";
import { count, find, make, moment, money, options, plain, saveCsv, show, words } from "./dom.js";

const HEADS = [["Time"], ["Event"], ["Bank"], ["Counterparty"], ["Payment"], ["Amount", "num"], ["Details", "details"]];

export class EventList {
  constructor(player, kinds, onproblem) {
    Object.assign(this, { player, kinds, onproblem, rows: [] });
    options(find("kind"), [["", "all"], ...Object.entries(kinds).map(([kind, text]) => [kind, text])], "");
    for (const kind of ["input", "change"]) find("filter").addEventListener(kind, () => this.read());
    find("filter").addEventListener("submit", (event) => event.preventDefault());
    find("filter").addEventListener("reset", () => setTimeout(() => this.read()));
    find("older").addEventListener("click", () => this.read(this.next));
    find("events-csv").addEventListener("click", () => this.save());
  }

  open(run) {
    options(find("bank"), [["", "all"], ...run.bank_ids.map((id) => [id, id])], "");
    find("tx").value = "";
    find("kind").value = "";
    this.readAt = null;
  }

  get isOpen() {
    return !find("events").hidden;
  }

  // Reads the newest page, or an older one to put behind it; only the last answer asked for is shown.
  async read(after = 0) {
    const { run, shown } = this.player;
    if (!run || !this.isOpen) return;
    if (!run.events) return show(find("events-table"), make("p", { class: "empty" }, "This run has no event log."));
    this.reading?.abort();
    const mine = (this.reading = new AbortController());
    const tx = find("tx").value.trim();
    if (tx && !/^tx_\d+$/.test(tx)) {
      find("matched").textContent = "Payment ids have the form tx_00000001.";
      return;
    }
    if (shown === 0) return this.fill({ events: [], matched: 0, next: null }, 0);
    try {
      const wanted = { kind: find("kind").value, bank: find("bank").value, tx, to_tick: shown - 1, newest_first: true, limit: 100, after };
      const page = await api.events(run.id, wanted, mine.signal);
      if (this.reading === mine) this.fill(page, after);
    } catch (problem) {
      if (problem.name !== "AbortError") this.onproblem(problem.message);
    }
  }

  fill(page, after) {
    const { run } = this.player;
    this.next = page.next;
    this.rows = after ? [...this.rows, ...page.events] : page.events;
    const body = find("events-table").querySelector("tbody");
    const rows = page.events.map((event) => this.row(run, event));
    if (after && body) body.append(...rows);
    else if (rows.length) {
      show(find("events-table"), make("table", { class: "rows" }, make("caption", { class: "hidden" }, "Events, newest first"),
        make("thead", {}, make("tr", {}, HEADS.map(([name, kind]) => make("th", { class: kind, scope: "col" }, name)))), make("tbody", {}, rows)));
    } else show(find("events-table"), make("p", { class: "empty" }, "No event up to this tick matches."));
    find("matched").textContent = `${count(page.matched)} events up to this tick, ${this.rows.length < page.matched ? `newest ${count(this.rows.length)} shown` : "all shown"}`;
    find("older").hidden = page.next === null;
  }

  row(run, event) {
    const details = Object.entries(event.details).map(([name, value]) => detail(run, name, value)).join(", ");
    const cells = [[moment(run, event.tick), `tick ${event.tick}`], [this.kinds[event.kind] ?? event.kind, event.kind], [event.bank ?? ""], [event.counterparty ?? ""], [event.tx ?? ""], [event.amount === null ? "" : money(event.amount)], [details]];
    return make("tr", { "data-kind": event.kind, "data-tick": event.tick }, cells.map(([text, title], at) => make("td", { class: [HEADS[at][1], at === 1 ? "kind" : ""].filter(Boolean).join(" ") || null, title, "data-head": HEADS[at][0] }, text)));
  }

  save() {
    const { run } = this.player;
    saveCsv(`${run.name}-events`, ["tick", "event", "bank", "counterparty", "payment", "amount", "details"],
      this.rows.map((event) => [event.tick, event.kind, event.bank, event.counterparty, event.tx, event.amount === null ? "" : plain(event.amount), JSON.stringify(event.details)]));
  }
}

function detail(run, name, value) {
  if (name.endsWith("_cents") || name.startsWith("cents_")) return `${words(name.replace(/_?cents_?/, ""))} ${money(Number(value))}`;
  if (name === "deadline_tick") return `deadline ${moment(run, Math.min(Number(value), run.num_ticks - 1))}`;
  return `${words(name)} ${words(String(value))}`;
}
