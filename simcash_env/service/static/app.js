// Wires the page: controls to the player, the player's states to the panels.

import * as api from "./api.js";
import { showTime } from "./charts.js";
import { clockOf, count, find, make, options } from "./dom.js";
import { EventList } from "./eventlist.js";
import { showNetwork } from "./network.js";
import { describe, showBanks, showCosts, showQueue, showTiles } from "./panels.js";
import { Player } from "./player.js";

const POLICIES = {
  deadline: { type: "deadline", urgency_threshold: 2 },
  liquidity_aware: { type: "liquidity_aware", target_buffer: 100000, urgency_threshold: 2 },
};

let state = null;
let chosen = null;
let isEventReadDue = false;

const player = new Player({
  onshow: (shown) => { state = shown; showState(); },
  onchange: showControls,
  onproblem: tell,
});
const events = new EventList(player, tell);

function tell(problem) {
  find("problem").textContent = problem;
  find("problem").hidden = !problem;
}

function choose(bank) {
  chosen = chosen === bank ? null : bank;
  find("queue").value = chosen ?? "";
  events.choose(chosen ?? "");
  showPanels();
}

function showState() {
  showControls();
  showPanels();
  if (isEventReadDue) return;
  isEventReadDue = true; // a fast run does not ask for events at every tick
  setTimeout(() => { isEventReadDue = false; events.read(); }, player.isRunning ? 300 : 0);
}

function showPanels() {
  if (!state) return;
  showTiles(find("tiles"), state);
  showNetwork(find("network"), state, chosen, choose);
  showBanks(find("banks"), state, chosen, choose);
  showCosts(find("costs"), state);
  showQueue(find("payments"), state, find("queue").value);
  showTime(find("time"), player.reports, player.shown, player.run.num_ticks, clockOf(player.run));
}

function showControls() {
  const { run, shown, live, isRunning } = player;
  const play = find("play");
  play.querySelector("span").textContent = isRunning ? "Pause" : "Run";
  play.classList.toggle("running", isRunning);
  play.setAttribute("aria-label", isRunning ? "Pause" : "Run");
  for (const id of ["first", "back", "play", "step", "last", "scrub"]) find(id).disabled = !run;
  if (!run) return;
  const isAtEnd = player.isAtEnd;
  play.disabled = isAtEnd && !isRunning;
  find("step").disabled = isAtEnd;
  find("back").disabled = find("first").disabled = shown <= 0;
  find("last").disabled = shown >= live;
  find("scrub").max = live;
  if (document.activeElement !== find("scrub") || isRunning) find("scrub").value = shown;
  const day = Math.floor(Math.max(0, Math.min(shown, run.num_ticks - 1)) / run.ticks_per_day) + 1;
  const days = run.num_ticks / run.ticks_per_day;
  const note = shown < live ? ` · latest tick is ${count(live)}` : isAtEnd ? " · the run is over" : "";
  const at = Math.max(0, shown), clock = clockOf(run);
  const time = clock && at < run.num_ticks ? `, ${clock(at)}` : "";
  const unit = ` · amounts in ${run.scenario.currency ?? "currency units"}`;
  find("clock").replaceChildren(`tick ${count(at)} of ${count(run.num_ticks)}${time} `, make("small", {}, `day ${day} of ${days}${note}${unit}`));
}

async function listRuns(current) {
  const { simulations } = await api.list();
  const rows = simulations.map((run) => [run.id, `${run.name}, seed ${run.seed} (${run.id})`]);
  options(find("runs"), [["", rows.length ? "choose a run" : "no runs"], ...rows], current);
}

async function open(id) {
  tell("");
  find("shown").setAttribute("aria-busy", "true");
  try {
    chosen = null;
    await player.open(id);
    events.open(player.run);
    options(find("queue"), [["", "Queue 2 (central queue)"], ...player.run.bank_ids.map((bank) => [bank, `Queue 1 of ${bank}`])], "");
    history.replaceState(null, "", `#${id}`);
    await listRuns(id);
    find("shown").classList.remove("blank");
    showState();
  } catch (problem) {
    tell(problem.message);
  } finally {
    find("shown").setAttribute("aria-busy", "false");
  }
}

async function createRun(event) {
  event.preventDefault();
  tell("");
  const seed = find("seed").value;
  const policy = POLICIES[find("policy").value];
  const body = { scenario: find("scenario").value };
  if (seed !== "") body.seed = Number(seed);
  body.external = policy || find("policy").value;
  try {
    const made = await api.create(body);
    await open(made.id);
    find("play").focus();
  } catch (problem) {
    tell(problem.message);
  }
}

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
  n: () => find("scenario").focus(),
  "/": () => find("kind").focus(),
  "?": () => find("keys").showModal(),
};

function onKey(event) {
  const onControl = event.target.closest("input, select, textarea, dialog");
  const isPress = event.key === " " && event.target.closest("button, a, [role=button]");
  if (onControl || isPress || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  if (!player.run && !["n", "?"].includes(event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function wire() {
  find("make").addEventListener("submit", createRun);
  find("runs").addEventListener("change", (event) => event.target.value && open(event.target.value));
  find("play").addEventListener("click", toggle);
  find("step").addEventListener("click", () => step(1));
  find("back").addEventListener("click", () => step(-1));
  find("first").addEventListener("click", () => jump(0));
  find("last").addEventListener("click", () => jump(player.live));
  find("scrub").addEventListener("input", (event) => jump(Number(event.target.value)));
  find("speed").addEventListener("change", (event) => { player.speed = Number(event.target.value); });
  find("queue").addEventListener("change", showPanels);
  find("help").addEventListener("click", () => find("keys").showModal());
  document.addEventListener("keydown", onKey);
}

async function begin() {
  wire();
  showControls();
  try {
    const [scenarios] = await Promise.all([api.scenarios(), events.begin(), listRuns("")]);
    options(find("scenario"), scenarios.map((row) => [row.id, describe(row)]), "ten-banks-v0");
    if (location.hash.length > 1) await open(location.hash.slice(1));
  } catch (problem) {
    tell(problem.message);
  }
  document.body.dataset.ready = "yes";
}

begin();
