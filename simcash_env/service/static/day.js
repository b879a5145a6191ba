// The charts of the day, and the tiles above them.

import { Chart, colours } from "./charts.js";
import { count, make, money, percent, show, unitOf, words } from "./dom.js";

const sums = (column) => { let total = 0; return column.map((value) => (total += value)); };
const MOST_BARS = 40;

export function showTiles(place, run, frame, figures) {
  const at = frame.tick - 1;
  const { totals, banks } = frame;
  const sum = (column) => column.reduce((total, value) => total + value, 0);
  const now = (name) => (figures && at >= 0 ? figures.columns.system[name]?.[at] : undefined);
  const queued = sum(banks.queue1_cents) + sum(banks.queue2_cents), overdue = sum(banks.overdue_cents);
  const late = banks.overdue_cents.filter(Boolean).length;
  const share = totals.arrived_cents ? totals.settled_cents / totals.arrived_cents : null;
  const bounds = now("liquidity_used") === undefined ? "" : `bounds ${money(now("liquidity_lower"))} and ${money(now("liquidity_upper"))}`;
  const rows = [
    ["Settled value", money(totals.settled_cents), `${percent(share)} of ${money(totals.arrived_cents)} submitted`],
    ["Queued value", money(queued), `${count(totals.queued)} payments, ${count(sum(banks.queue2_count))} in Queue 2`],
    ["Overdue value", money(overdue), overdue ? `of ${late} ${late === 1 ? "bank" : "banks"}` : "no payment is late", overdue ? "bad" : ""],
    ["Liquidity used", now("liquidity_used") === undefined ? "–" : money(now("liquidity_used")), bounds],
    ["Delay indicator", now("delay_indicator") === undefined || now("delay_indicator") === null ? "–" : now("delay_indicator").toFixed(3), "0: at once, 1: at the close"],
    ["Total cost", money(totals.total_cost), totals.dropped ? `${count(totals.dropped)} payments dropped` : unitOf(run)],
  ];
  show(place, rows.map(([name, figure, text, kind]) => make("div", { class: `tile ${kind ?? ""}` }, make("span", { class: "what" }, name), make("b", { style: `--length:${figure.length}` }, figure), make("span", {}, text))));
}

export function throughput(run, figures) {
  const { due, paid } = figures.columns.system;
  const marks = { at: [], values: [] };
  for (let day = 0; day * run.ticks_per_day < figures.length; day += 1) {
    const first = day * run.ticks_per_day, last = Math.min(first + run.ticks_per_day, figures.length) - 1;
    for (const { tick, share } of run.guideline) {
      const at = first + Math.max(0, Math.ceil(tick) - 1);
      if (tick > 0 && at <= last) {
        marks.at.push(at);
        marks.values.push(Math.round(share * due[last]));
      }
    }
  }
  const named = run.guideline.map(({ share, time }) => `${100 * share} % by ${time}`).join(", ");
  return { marks, named, due: due ?? [], paid: paid ?? [] };
}

export function dayCharts(place, tools) {
  const system = (figures, name) => figures.columns.system[name] ?? [];
  return [
    new Chart(place, {
      title: "Settled against submitted value", about: "Value submitted and settled in the day so far, with the throughput guideline.",
      build: (run, figures) => {
        const { marks, named, due, paid } = throughput(run, figures);
        return {
          unit: "money", note: `Of the day so far. Guideline: ${named} of the value submitted${run.times ? "" : ", in a day from 06:00 to 18:00"}.`,
          series: [
            { name: "submitted", values: due, colour: colours(7), dash: "dash" },
            { name: "settled", values: paid, colour: colours(0) },
            { name: "guideline", at: marks.at, values: marks.values, mark: "diamond", colour: colours(1) },
          ],
        };
      },
    }),
    new Chart(place, {
      title: "Balance and available liquidity", about: "Of the chosen banks; the dotted line is the overdraft limit.", tools: tools.chosen,
      build: (run, figures) => ({
        unit: "money", note: "Solid: balance. Dashed: available liquidity. Dotted: overdraft limit.",
        series: figures.banks.flatMap((bank, number) => {
          const columns = figures.bankColumns[bank] ?? { balance: [], available: [], limit: [] };
          const colour = colours(number);
          return [
            { name: bank, values: columns.balance, colour },
            { name: `${bank} available`, values: columns.available, colour, dash: "dash", width: 1.2, opacity: 0.75, isNamed: false },
            ...(columns.limit.some(Boolean) ? [{ name: `${bank} limit`, values: columns.limit.map((cents) => -cents), colour, dash: "dot", width: 1.2, opacity: 0.75, isNamed: false }] : []),
          ];
        }),
      }),
    }),
    new Chart(place, {
      title: "Value queued", about: "Value in the banks' internal queues and in the central queue.",
      build: (run, figures) => ({
        unit: "money",
        series: [
          { name: "Queue 2 (central)", values: system(figures, "queue2"), colour: colours(1), stack: "queues" },
          { name: "Queue 1 (internal)", values: system(figures, "queue1"), colour: colours(5), stack: "queues" },
        ],
      }),
    }),
    new Chart(place, {
      title: "Liquidity used", about: "Sum of the banks' largest net debits of the day so far, with lower and upper bound.",
      build: (run, figures) => ({
        unit: "money", note: "Lower bound: what the day's payments need at least. Upper bound: if each settles as it arrives.",
        series: [
          { name: "lower bound", values: system(figures, "liquidity_lower"), colour: colours(7), dash: "dot", width: 1.5 },
          { name: "upper bound", values: system(figures, "liquidity_upper"), colour: colours(7), dash: "dash", width: 1.5 },
          { name: "used", values: system(figures, "liquidity_used"), colour: colours(2), width: 2.5 },
        ],
      }),
    }),
    new Chart(place, {
      title: "Costs so far by kind", about: "Costs of all banks since the run began, by kind.",
      build: (run, figures) => {
        const kinds = run.cost_kinds.map((kind, number) => ({ name: words(kind), values: sums(figures.columns.costs[kind] ?? []), colour: colours(number), stack: "costs" }))
          .filter((one) => one.values.some(Boolean));
        return { unit: "money", series: kinds, note: kinds.length ? "" : "Nothing has been charged yet." };
      },
    }),
    new Chart(place, {
      title: "Delay indicator", about: "Value that waited over what would have waited until the close, for the run so far.",
      build: (run, figures) => ({ unit: "share, run so far", range: [0, 1.02], series: [{ name: "delay indicator", values: system(figures, "delay_indicator"), colour: colours(3) }] }),
    }),
    new Chart(place, {
      title: "Net positions of the day", about: "Received less paid by each bank at the tick shown.",
      build: (run, figures, shown, frame) => {
        const order = run.bank_ids.map((bank, at) => [bank, frame.banks.position[at]]).sort((a, b) => a[1] - b[1]);
        const half = MOST_BARS / 2;
        const kept = order.length > MOST_BARS ? [...order.slice(0, half), ...order.slice(-half)] : order;
        return {
          unit: "money", kind: "bars", bars: kept.map(([bank]) => bank),
          note: order.length > MOST_BARS ? `The ${half} lowest and ${half} highest of ${order.length} banks.` : "",
          series: [{ name: "net position", values: kept.map(([, cents]) => cents), colours: kept.map(([, cents]) => (cents < 0 ? colours(6) : colours(2))), isNamed: false }],
        };
      },
    }),
    new Chart(place, {
      title: "Settled value by mechanism", about: "Value settled since the run began, by mechanism.",
      build: (run, figures) => {
        const names = { gross: "at once", queue2: "from Queue 2", entry_disposition: "offset on entry", bilateral: "bilateral offset", cycles: "cycle offset", prefix: "prefix set" };
        const rows = run.mechanisms.map((name, number) => ({ name: names[name] ?? words(name), values: sums(figures.columns.settled_by[name] ?? []), colour: colours(number), stack: "settled" }))
          .filter((one) => one.values.some(Boolean));
        return { unit: "money", series: rows, note: rows.length ? "" : "Nothing has settled yet." };
      },
    }),
  ];
}
