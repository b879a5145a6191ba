// The event list: newest first, up to the tick that is shown, filtered by the service.

import * as api from "./api.js";
import { count, find, make, options, show } from "./dom.js";
import { eventRows, eventTable } from "./panels.js";

const KINDS = "/static/kinds.json";

export class EventList {
  constructor(player, onproblem) {
    Object.assign(this, { player, onproblem });
    for (const kind of ["input", "change"]) find("filter").addEventListener(kind, () => this.read());
    find("filter").addEventListener("submit", (event) => event.preventDefault());
    find("filter").addEventListener("reset", () => setTimeout(() => this.read()));
    find("older").addEventListener("click", () => this.read(this.next));
  }

  async begin() {
    const kinds = await (await fetch(KINDS)).json();
    options(find("kind"), [["", "all"], ...kinds.map((kind) => [kind, kind])], "");
  }

  open(run) {
    options(find("bank"), [["", "all"], ...run.bank_ids.map((id) => [id, id])], "");
    find("tx").value = "";
    find("kind").value = "";
  }

  choose(bank) {
    find("bank").value = bank;
    this.read();
  }

  // Reads the newest page, or an older one to put behind it; only the last answer asked for is shown.
  async read(after = 0) {
    const { run, shown } = this.player;
    if (!run) return;
    if (!run.events) return show(find("events"), make("p", { class: "empty" }, "This run has no event log."));
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
    this.next = page.next;
    const body = find("events").querySelector("tbody");
    if (after && body) body.append(...eventRows(page.events));
    else if (page.events.length) show(find("events"), eventTable(eventRows(page.events)));
    else show(find("events"), make("p", { class: "empty" }, "No event up to this tick matches."));
    const listed = find("events").querySelectorAll("tbody tr").length;
    find("matched").textContent = `${count(page.matched)} events up to this tick, ${listed < page.matched ? `newest ${count(listed)} shown` : "all shown"}`;
    find("older").hidden = page.next === null;
  }
}
