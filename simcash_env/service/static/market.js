// The intraday market: books by maturity, rates against the corridor, loans, who owes whom.

import { Chart, colours } from "./charts.js";
import { count, find, make, moment, money, show, table } from "./dom.js";

const MOST_ROWS = 40;
const rate = (value) => `${value.toFixed(4)} %`;

export class Market {
  open(run) {
    find("tab-market").hidden = !run.market;
    this.charts = [];
    if (!run.market) return;
    const charts = make("div", { class: "charts" });
    this.books = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Order books" });
    this.loans = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Loans" });
    this.owed = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Who owes whom" });
    show(find("market"), charts, make("div", { class: "two" },
      make("div", { class: "card" }, make("h2", {}, "Order books by maturity"), this.books),
      make("div", { class: "card" }, make("h2", {}, "Who owes whom"), this.owed)),
    make("div", { class: "card" }, make("h2", {}, "Loans that stand"), this.loans));
    const { deposit_rate, lending_rate } = run.market;
    this.charts = [
      new Chart(charts, {
        title: "Rate of loans against the corridor", about: "Rate of every loan, with deposit rate and lending rate of the central bank.",
        build: (one, figures) => ({
          unit: "per cent",
          series: [
            { name: "lending rate", values: new Array(one.num_ticks).fill(lending_rate), colour: colours(6), dash: "dash", width: 1.5 },
            { name: "loan", at: figures.trades.map((trade) => trade.tick), values: figures.trades.map((trade) => trade.rate), mark: "circle", colour: colours(0) },
            { name: "deposit rate", values: new Array(one.num_ticks).fill(deposit_rate), colour: colours(2), dash: "dash", width: 1.5 },
          ],
        }),
      }),
      new Chart(charts, {
        title: "Value lent", about: "Value lent in the market since the run began.",
        build: (one, figures) => {
          const values = new Array(figures.length).fill(0);
          for (const trade of figures.trades) values[trade.tick] += trade.cents;
          let total = 0;
          return { unit: "money", series: [{ name: "lent so far", values: values.map((cents) => (total += cents)), colour: colours(3) }] };
        },
      }),
    ];
  }

  show(run, frame) {
    const { orders, loans, accounts } = frame.market;
    const sections = run.market.books.map((book) => {
      const own = orders.filter((order) => order.book === book.id);
      const rows = (side) => own.filter((order) => order.side === side).slice(0, MOST_ROWS)
        .map((order) => [order.side === "bid" ? "borrows" : "lends", order.bank, rate(order.rate), money(order.amount), moment(run, Math.min(order.until_tick, run.num_ticks - 1))]);
      const all = [...rows("ask").reverse(), ...rows("bid")];
      return make("section", {}, make("h3", {}, `${book.id} (repaid: ${book.maturity})`),
        all.length ? table([["Side"], ["Bank"], ["Rate", "num"], ["Amount", "num"], ["Rests until"]], all, { caption: `Book ${book.id}` }) : make("p", { class: "empty" }, "No order rests in this book."));
    });
    show(this.books, sections);
    const rows = loans.slice(-MOST_ROWS).reverse().map((loan) => [loan.lender, loan.borrower, money(loan.amount), rate(loan.rate), moment(run, loan.tick),
      loan.is_overdue ? { text: `${moment(run, loan.due_tick)}, overdue`, class: "overdue" } : moment(run, loan.due_tick), money(loan.repayment)]);
    show(this.loans, rows.length ? table([["Lender"], ["Borrower"], ["Amount", "num"], ["Rate", "num"], ["Agreed"], ["Due"], ["Repayment", "num"]], rows, { caption: "Loans that stand" }) : make("p", { class: "empty" }, "No loan stands."),
      loans.length > MOST_ROWS ? make("p", { class: "note" }, `Newest ${MOST_ROWS} of ${count(loans.length)}.`) : "");
    const pairs = new Map();
    for (const loan of loans) {
      const key = `${loan.borrower}\n${loan.lender}`;
      pairs.set(key, (pairs.get(key) ?? 0) + loan.repayment);
    }
    const owed = [...pairs].sort((a, b) => b[1] - a[1]).slice(0, MOST_ROWS).map(([key, cents]) => [...key.split("\n"), money(cents)]);
    const banks = run.bank_ids.map((bank, at) => [bank, money(accounts.lent[at]), money(accounts.borrowed[at]), money(accounts.credit_left[at]), money(accounts.interest_received[at] - accounts.interest_paid[at])]);
    show(this.owed, owed.length ? table([["Borrower"], ["owes"], ["Repayment", "num"]], owed, { caption: "Who owes whom" }) : make("p", { class: "empty" }, "Nobody owes anything."),
      make("h3", {}, "Accounts"), table([["Bank"], ["Lends", "num"], ["Borrows", "num"], ["Credit left", "num"], ["Interest", "num"]], banks, { caption: "Accounts in the market" }));
  }

  update(...state) {
    for (const chart of this.charts) chart.update(...state);
  }
}
