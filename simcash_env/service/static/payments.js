// Queues and what is due next.

import { count, find, make, moment, money, options, plain, saveCsv, show, table } from "./dom.js";

export function queueChoices(run, chosen) {
  options(find("queue"), [["", "Queue 2 (central queue)"], ...run.bank_ids.map((bank) => [bank, `${bank}: its payments`])], chosen ?? "");
}

export function showPayments(run, frame, bank) {
  const deadline = (payment) => (payment.is_overdue ? { text: `${moment(run, payment.deadline_tick)}, overdue`, class: "overdue" } : moment(run, payment.deadline_tick));
  const row = (payment) => [payment.id, payment.sender, payment.receiver, money(payment.remaining), `Queue ${payment.queue}`, String(payment.priority), deadline(payment)];
  const heads = [["Payment"], ["From"], ["To"], ["Amount", "num"], ["Waits in"], ["Priority", "num"], ["Deadline"]];
  const { queue, queue_count, due, due_count } = frame;
  show(find("queue-table"), queue.length ? table(heads, queue.map(row), { caption: "Queue" }) : make("p", { class: "empty" }, "This queue is empty."),
    make("p", { class: "note" }, queue.length < queue_count ? `First ${queue.length} of ${count(queue_count)}.` : queue.length ? `${count(queue_count)} in all.` : ""));
  const left = (payment) => {
    const ticks = payment.deadline_tick - frame.tick;
    return ticks <= 0 ? { text: "now", class: "overdue" } : `in ${count(ticks)} ${ticks === 1 ? "tick" : "ticks"}`;
  };
  const soon = due.map((payment) => [{ text: moment(run, payment.deadline_tick) }, left(payment), payment.id, payment.sender, payment.receiver, money(payment.remaining)]);
  show(find("due"), soon.length ? table([["Due"], ["Left"], ["Payment"], ["From"], ["To"], ["Amount", "num"]], soon, { caption: "Due next" }) : make("p", { class: "empty" }, "Nothing that waits is due."),
    make("p", { class: "note" }, due.length < due_count ? `Next ${due.length} of ${count(due_count)} payments${bank ? ` of ${bank}` : ""} that are not late.` : ""));
  find("queue-csv").onclick = () => saveCsv(`${run.name}-queue-tick-${frame.tick}`, ["payment", "from", "to", "amount", "queue", "priority", "deadline_tick", "overdue"],
    queue.map((one) => [one.id, one.sender, one.receiver, plain(one.remaining), one.queue, one.priority, one.deadline_tick, one.is_overdue]));
}
