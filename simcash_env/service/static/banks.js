// The table of banks: those in trouble first, sorted and filtered, with one row a bank that is changed in place.

import { count, find, make, money, plain, saveCsv, show } from "./dom.js";

export const TROUBLE = ["fine", "overdrawn", "blocked in Queue 2", "payments overdue"];

const COLUMNS = [
  ["Bank", "", (run, _, at) => run.bank_ids[at]],
  ["Status", "", (_, banks, at) => banks.trouble[at]],
  ["Balance", "num", (_, banks, at) => banks.balance[at]],
  ["Available", "num", (_, banks, at) => banks.available[at]],
  ["Net position", "num", (_, banks, at) => banks.position[at]],
  ["Queue 1", "num", (_, banks, at) => banks.queue1_cents[at]],
  ["Queue 2", "num", (_, banks, at) => banks.queue2_cents[at]],
  ["Overdue", "num", (_, banks, at) => banks.overdue_cents[at]],
  ["Cost", "num", (_, banks, at) => banks.cost[at]],
  ["Decides", "", (run, _, at) => run.policies[run.bank_ids[at]]],
];

export class BankTable {
  constructor({ onchoose }) {
    this.onchoose = onchoose;
    this.by = 1; // status
    this.isDown = true;
    find("bank-find").addEventListener("input", () => this.draw());
    find("bank-show").addEventListener("change", () => this.draw());
    find("bank-csv").addEventListener("click", () => this.save());
  }

  open(run) {
    this.run = run;
    this.chosen = [];
    find("bank-find").value = "";
    find("bank-show").value = "0";
    this.heads = COLUMNS.map(([name, kind], column) => make("th", { class: kind, scope: "col" },
      make("button", { type: "button", class: "sort", "data-key": `sort-${column}`, onclick: () => this.sortBy(column) }, name)));
    this.rows = run.bank_ids.map((bank, at) => {
      const cells = COLUMNS.map(([name, kind]) => make("td", { class: kind, "data-head": name }));
      const name = make("button", { type: "button", class: "bank", "data-key": `row-${bank}`, "aria-pressed": "false", onclick: () => this.onchoose(bank) }, bank);
      cells[0].append(name);
      cells[9].textContent = run.policies[bank];
      cells[9].className = "text";
      return { at, bank, name, cells, row: make("tr", {}, cells) };
    });
    this.body = make("tbody", {});
    show(find("bank-table"), make("table", { class: "rows" }, make("caption", { class: "hidden" }, "Banks at the tick shown"), make("thead", {}, make("tr", {}, this.heads)), this.body));
  }

  sortBy(column) {
    this.isDown = this.by === column ? !this.isDown : column > 0 && column !== 9;
    this.by = column;
    this.draw();
  }

  update(frame, chosen) {
    this.frame = frame;
    this.chosen = chosen;
    this.draw();
  }

  visible() {
    const { run, frame: { banks } } = this;
    const text = find("bank-find").value.trim().toLowerCase(), least = Number(find("bank-show").value);
    const value = COLUMNS[this.by][2];
    const worth = (at) => banks.overdue_cents[at] * 4 + banks.queue2_cents[at] * 2 + banks.queue1_cents[at];
    const compared = (a, b) => {
      const [one, two] = [value(run, banks, a.at), value(run, banks, b.at)];
      const way = typeof one === "string" ? one.localeCompare(two, "en", { numeric: true }) : one - two;
      return (this.isDown ? -way : way) || worth(b.at) - worth(a.at) || a.at - b.at;
    };
    return this.rows
      .filter(({ at, bank }) => banks.trouble[at] >= least && (!text || bank.toLowerCase().includes(text) || run.policies[bank].toLowerCase().includes(text)))
      .sort(compared);
  }

  draw() {
    if (!this.frame) return;
    const { banks } = this.frame, rows = this.visible();
    const set = (cell, text) => { if (cell.textContent !== text) cell.textContent = text; };
    for (const { at, bank, name, cells, row } of rows) {
      const level = banks.trouble[at];
      set(cells[1], TROUBLE[level]);
      cells[1].className = `status level${level}`;
      const columns = [banks.balance, banks.available, banks.position, banks.queue1_cents, banks.queue2_cents, banks.overdue_cents, banks.cost];
      columns.forEach((column, number) => {
        const cell = cells[number + 2];
        const queued = number === 3 ? banks.queue1_count[at] : number === 4 ? banks.queue2_count[at] : 0;
        set(cell, queued ? `${money(column[at])} (${count(queued)})` : money(column[at]));
        cell.classList.toggle("negative", column[at] < 0 || (number === 5 && column[at] > 0));
        cell.classList.toggle("zero", column[at] === 0);
      });
      const isChosen = this.chosen.includes(bank);
      row.classList.toggle("chosen", isChosen);
      name.setAttribute("aria-pressed", String(isChosen));
    }
    this.heads.forEach((head, column) => {
      if (column === this.by) head.setAttribute("aria-sort", this.isDown ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const order = rows.map(({ row }) => row);
    if (order.length !== this.body.children.length || order.some((row, at) => this.body.children[at] !== row)) show(this.body, order);
    const troubled = banks.trouble.filter(Boolean).length;
    const text = `${count(rows.length)} of ${count(this.rows.length)} banks, ${troubled ? `${count(troubled)} in trouble` : "none in trouble"}`;
    if (find("bank-count").textContent !== text) find("bank-count").textContent = text;
  }

  save() {
    if (!this.frame) return;
    const { banks } = this.frame, { run } = this;
    const names = ["balance", "available", "limit", "position", "queue1_cents", "queue2_cents", "overdue_cents", "collateral", "cost"];
    const rows = this.visible().map(({ at, bank }) => [bank, TROUBLE[banks.trouble[at]], ...names.map((name) => plain(banks[name][at])), banks.queue1_count[at], banks.queue2_count[at], run.policies[bank]]);
    saveCsv(`${run.name}-banks-tick-${this.frame.tick}`, ["bank", "status", ...names.map((name) => name.replace("_cents", "")), "queue1_payments", "queue2_payments", "decides"], rows);
  }
}
