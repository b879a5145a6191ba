// Wires the page: controls to the player, the player's frames to the views.

import * as api from "./api.js";
import { BankTable } from "./banks.js";
import { note_script, pace, sparkline, timing } from "./charts.js";
import { Compare } from "./compare.js";
import { dayCharts, showTiles } from "./day.js";
import { Desk } from "./desk.js";
import { count, dayOf, daysOf, find, make, options, show, timeOf, unitOf } from "./dom.js";
import { EventList } from "./eventlist.js";
import { Market } from "./market.js";
import { showNetwork } from "./network.js";
import { queueChoices, showPayments } from "./payments.js";
import { Figures, Player } from "./player.js";
import { Setup } from "./setup.js";
import { StartPage } from "./startpage.js";

const VIEWS = ["day", "banks", "network", "payments", "market", "events", "compare"];
const MOST_CHOSEN = 6;
const SLOW_MS = 400; // between two readings of events, figures and the matrix while a run plays

let view = "day";
let chosen = [];
let frame = null;
let charts = [];
let page, setup, events, slowly;

const player = new Player({ onopen: prepare, onshow: showFrame, onchange: showControls, onpause: () => frame && showFrame(frame), onproblem: tell, orders: () => desk.orders() });
const desk = new Desk(player);
const banks = new BankTable({ onchoose: choose });
const market = new Market();
const compare = new Compare(player, { onproblem: tell, oncreate: () => page.attempt(createOther) });

function tell(problem) {
  find("problem").textContent = problem;
  find("problem").hidden = !problem;
  if (problem) find("problem").scrollIntoView({ block: "nearest" });
}

// -- a frame ----------------------------------------------------------------------------------------------------------

function showFrame(shown) {
  const began = performance.now();
  frame = shown;
  player.lastFrame = shown;
  showControls();
  const { run, figures } = player;
  showTiles(find("tiles"), run, frame, figures);
  desk.show(run, frame);
  if (view === "banks" && !player.isRunning) banks.update(frame, chosen);
  if (view === "payments") showPayments(run, frame, player.bank);
  if (view === "market" && run.market) market.show(run, frame);
  note_script(began);
  showSlowly();
}

// What costs more, or asks the service: not at every frame while the run plays. A pause shows the last frame in full.
function showSlowly() {
  if (slowly) return;
  slowly = setTimeout(async () => {
    slowly = null;
    const { run, figures } = player;
    if (!run || !frame) return;
    if (view === "banks" && player.isRunning) banks.update(frame, chosen);
    if (view === "network") showNetwork(run, frame, picked(), choose);
    if (view === "events") events.read();
    try {
      await figures.read(player.live);
    } catch (problem) {
      return tell(problem.message);
    }
    if (player.run !== run) return;
    const began = performance.now();
    showTiles(find("tiles"), run, frame, figures);
    showTimeline(run, figures);
    for (const chart of shownCharts()) chart.update(run, figures, frame.tick, frame);
    note_script(began);
    await compare.update(frame, figures);
  }, player.isRunning ? SLOW_MS : 0);
}

const picked = () => (player.bank ? [player.bank] : []);
const shownCharts = () => (view === "day" ? charts : view === "market" ? market.charts : []);

function showTimeline(run, figures) {
  const { queue1 = [], queue2 = [] } = figures.columns.system;
  sparkline(find("timeline"), queue1.map((cents, tick) => cents + queue2[tick]), run.num_ticks);
}

function showControls() {
  const { run, shown, live, isRunning } = player;
  pace.isPlaying = isRunning;
  const play = find("play");
  play.querySelector("span").textContent = isRunning ? "Pause" : "Run";
  play.classList.toggle("running", isRunning);
  play.setAttribute("aria-label", isRunning ? "Pause" : "Run");
  if (!run) return;
  const { isAtEnd } = player;
  play.disabled = isAtEnd && !isRunning;
  find("step").disabled = isAtEnd;
  find("back").disabled = find("first").disabled = shown <= 0;
  find("last").disabled = shown >= live;
  const scrub = find("scrub");
  scrub.max = run.num_ticks;
  if (document.activeElement !== scrub || isRunning) scrub.value = Math.max(0, shown);
  const at = Math.max(0, shown), isOver = at >= run.num_ticks;
  const day = daysOf(run) > 1 ? `day ${dayOf(run, at)} of ${daysOf(run)}, ` : "";
  const time = run.times ? (isOver ? run.times[run.ticks_per_day] : timeOf(run, at)) : "";
  scrub.setAttribute("aria-valuetext", `${day}${time || `tick ${at}`}`);
  const note = shown < live ? `latest tick is ${count(live)}` : isAtEnd ? "the run is over" : "";
  const tick = `tick ${count(at)} of ${count(run.num_ticks)}`, where = time ? `${day}${time}` : day.slice(0, -2);
  find("clock").replaceChildren(make("b", {}, where || tick), " ", make("small", {}, `${where ? `${tick} · ` : ""}${note ? `${note} · ` : ""}amounts in ${unitOf(run)}`));
}

// -- what is looked at ------------------------------------------------------------------------------------------------

function showView(name) {
  if (name === "market" && !player.run?.market) return;
  view = name;
  for (const one of VIEWS) {
    find(one).hidden = one !== name;
    const tab = find(`tab-${one}`);
    tab.setAttribute("aria-selected", String(one === name));
    tab.tabIndex = one === name ? 0 : -1;
  }
  if (frame) showFrame(frame);
}

function choose(bank) {
  const isNew = !chosen.includes(bank);
  setChosen(isNew ? [...chosen, bank].slice(-MOST_CHOSEN) : chosen.filter((one) => one !== bank));
  listQueue(isNew ? bank : null);
}

function listQueue(bank) {
  find("queue").value = bank ?? "";
  find("bank").value = bank ?? "";
  player.choose(bank);
}

function setChosen(names) {
  chosen = names;
  player.figures.chooseBanks(chosen);
  const { run } = player;
  show(tools.chips, chosen.map((bank, number) => make("button", { type: "button", class: `chip c${number + 1}`, "data-key": `chip-${bank}`, title: "Remove from the chart", "aria-label": `Remove ${bank} from the chart`, onclick: () => setChosen(chosen.filter((one) => one !== bank)) }, `${bank} ×`)));
  options(tools.add, [["", "add a bank"], ...run.bank_ids.filter((bank) => !chosen.includes(bank)).map((bank) => [bank, bank])], "");
  if (frame) showFrame(frame);
}

const tools = { chips: make("span", { class: "chips" }), add: make("select", { "aria-label": "Add a bank to the chart" }) };
tools.chosen = make("div", { class: "bar-of-tools" }, tools.chips, tools.add);
tools.add.addEventListener("change", () => tools.add.value && setChosen([...chosen, tools.add.value].slice(-MOST_CHOSEN)));

// Banks that the first charts show: those in trouble, then those with the most liquidity.
function firstChosen(run, { banks: columns }) {
  const order = run.bank_ids.map((_, at) => at).sort((a, b) => columns.trouble[b] - columns.trouble[a] || Math.abs(columns.available[b]) - Math.abs(columns.available[a]) || a - b);
  return order.slice(0, 3).map((at) => run.bank_ids[at]);
}

// -- opening ----------------------------------------------------------------------------------------------------------

async function listRuns(current) {
  const simulations = await page.refresh();
  const rows = simulations.map((run) => [run.id, `${run.name}, seed ${run.seed} (${run.id})`]);
  options(find("runs"), [["", rows.length ? "open a run" : "no runs"], ...rows], current);
}

async function open(id) {
  tell("");
  find("shown").setAttribute("aria-busy", "true");
  try {
    await player.open(id);
    const { run } = player;
    history.replaceState(null, "", `#${id}`);
    reveal("shown");
    setChosen(firstChosen(run, frame));
    showView(view === "market" && !run.market ? "day" : view);
    await Promise.all([listRuns(id), compare.open(run)]);
  } catch (problem) {
    tell(problem.message);
  } finally {
    find("shown").setAttribute("aria-busy", "false");
  }
}

// Before the first frame of a run is shown.
function prepare(run) {
  frame = null;
  chosen = [];
  player.figures = new Figures(run.id);
  find("title").textContent = `${run.name}, seed ${run.seed}`;
  show(find("notices"), run.notices.map((text) => make("li", {}, text)));
  find("notices").hidden = !run.notices.length;
  events.open(run);
  banks.open(run);
  market.open(run);
  queueChoices(run, null);
  const days = daysOf(run);
  show(find("marks"), days > 1 && days <= 40 ? Array.from({ length: days - 1 }, (_, day) => make("i", { style: `left:${(100 * (day + 1)) / days}%` })) : []);
}

function reveal(name) {
  for (const one of ["start", "shown"]) find(one).hidden = one !== name;
  find("transport").hidden = name !== "shown";
  window.scrollTo(0, 0);
}

async function goHome() {
  player.close();
  frame = null;
  tell("");
  history.replaceState(null, "", "/");
  find("title").textContent = "";
  reveal("start");
  await listRuns("");
  find("find").focus();
}

// Another run of the same day: the scenario of this run, its seed, other policies.
async function createOther() {
  const { run } = player;
  const scenario = await api.scenario(run.id);
  const made = await setup.ask({ text: JSON.stringify(scenario), name: run.name }, { seed: run.seed, title: "The same day with other policies" });
  if (!made) return;
  await compare.list(run, made.id);
  await Promise.all([compare.choose(made.id), page.refresh()]);
}

// -- keys -------------------------------------------------------------------------------------------------------------

const toggle = () => (player.isRunning ? player.stop() : player.play());
const step = (by) => { player.stop(); return by > 0 ? player.forward() : player.show(player.wanted - 1); };
const jump = (tick) => { player.stop(); player.show(tick); };

const KEYS = {
  " ": toggle,
  p: toggle, // also where Space would press the button that has the focus
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  Home: () => jump(0),
  End: () => jump(player.live),
  n: goHome,
  "/": () => { showView("events"); find("kind").focus(); },
  "?": () => find("keys").showModal(),
  ...Object.fromEntries(VIEWS.map((name, at) => [String(at + 1), () => showView(name)])),
};

function onKey(event) {
  const onControl = event.target.closest("input, select, textarea, dialog");
  const isPress = event.key === " " && event.target.closest("button, a, [role=button]");
  const isTab = event.target.closest("[role=tab]") && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key);
  if (onControl || isPress || isTab || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  if (!player.run && !["n", "?"].includes(event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function onTabKey(event) {
  const open = VIEWS.filter((name) => !find(`tab-${name}`).hidden);
  const at = open.indexOf(view);
  const next = { ArrowRight: (at + 1) % open.length, ArrowLeft: (at + open.length - 1) % open.length, Home: 0, End: open.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  showView(open[next]);
  find(`tab-${open[next]}`).focus();
}

function wire() {
  find("home").addEventListener("click", goHome);
  find("runs").addEventListener("change", (event) => event.target.value && open(event.target.value));
  find("play").addEventListener("click", toggle);
  find("step").addEventListener("click", () => step(1));
  find("back").addEventListener("click", () => step(-1));
  find("first").addEventListener("click", () => jump(0));
  find("last").addEventListener("click", () => jump(player.live));
  find("scrub").addEventListener("input", (event) => {
    const tick = Math.min(Number(event.target.value), player.live);
    event.target.value = tick;
    jump(tick);
  });
  find("speed").addEventListener("change", (event) => { player.speed = Number(event.target.value); });
  find("queue").addEventListener("change", (event) => listQueue(event.target.value || null));
  find("network-view").addEventListener("change", () => frame && showNetwork(player.run, frame, picked(), choose));
  find("help").addEventListener("click", () => find("keys").showModal());
  for (const name of VIEWS) find(`tab-${name}`).addEventListener("click", () => showView(name));
  find("tabs").addEventListener("keydown", onTabKey);
  document.addEventListener("keydown", onKey);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => frame && showFrame(frame));
  window.simcash = { timing };
}

async function begin() {
  wire();
  reveal("start");
  try {
    const offers = await api.start();
    setup = new Setup(offers);
    events = new EventList(player, offers.words, tell);
    page = new StartPage(offers, setup, { onopen: open, onproblem: tell });
    charts = dayCharts(find("day-charts"), tools);
    if (location.hash.length > 1) await open(location.hash.slice(1));
    else await listRuns("");
  } catch (problem) {
    tell(problem.message);
  }
  document.body.dataset.ready = "yes";
}

begin();
