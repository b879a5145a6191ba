// One run and the tick of it that is shown: frames by tick, figures by tick, running, stepping, going back.

import * as api from "./api.js";

const MOST_FRAMES = 400;
const PACE = { 1: [1, 500], 2: [1, 200], 3: [1, 0], 4: [25, 0], 5: [0, 0] };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Player {
  constructor({ onopen, onshow, onchange, onpause, onproblem, orders }) {
    Object.assign(this, { onopen, onshow, onchange, onpause, onproblem, orders });
    this.run = null;
    this.isRunning = false;
    this.speed = 2;
    this.bank = null; // whose queue is listed
  }

  async open(id) {
    this.stop();
    this.socket?.close();
    const run = await api.about(id);
    this.run = run;
    this.live = run.tick;
    this.shown = -1;
    this.wanted = 0;
    this.isFollowing = true;
    this.bank = null;
    this.desk = run.people[0] ?? null;
    this.forget();
    this.onopen(run);
    this.socket = api.stream(id, {
      onmessage: (message) => this.run === run && this.hear(message),
      onclose: (event) => this.run === run && event.code === 4404 && this.onproblem(event.reason),
    });
    await this.show(this.live);
  }

  close() {
    this.stop();
    this.socket?.close();
    this.run = null;
  }

  forget() {
    this.frames = new Map();
  }

  // What somebody else runs is shown too.
  hear({ type, report }) {
    if (type !== "tick" || this.isBusy) return;
    this.live = Math.max(this.live, report.tick + 1);
    if (this.isFollowing) this.show(this.live);
    else this.onchange();
  }

  remember(frame) {
    this.frames.set(frame.tick, frame);
    if (this.frames.size > MOST_FRAMES) this.frames.delete(this.frames.keys().next().value);
    return frame;
  }

  async frame(tick) {
    if (!this.frames.has(tick)) {
      this.fetching?.abort();
      this.fetching = new AbortController();
      const desk = tick === this.live ? this.desk : null;
      this.remember(await api.frame(this.run.id, { tick, bank: this.bank, desk }, this.fetching.signal));
    }
    return this.frames.get(tick);
  }

  choose(bank) {
    this.bank = bank;
    this.forget();
    return this.show(this.wanted);
  }

  async show(tick) {
    this.wanted = Math.max(0, Math.min(tick, this.live)); // what was asked for last; it is shown once it is here
    this.isFollowing = this.wanted === this.live;
    const aim = this.wanted;
    try {
      const frame = await this.frame(aim);
      if (this.wanted !== aim) return;
      this.shown = aim;
      this.onshow(frame);
    } catch (problem) {
      if (problem.name !== "AbortError") this.fail(problem);
    }
  }

  get isAtEnd() {
    return this.live >= this.run.num_ticks && this.shown >= this.live;
  }

  async forward(many = 1) {
    if (!this.run || this.isAtEnd) return;
    if (this.wanted < this.live) return this.show(this.wanted + Math.max(1, many));
    if (this.isBusy) return;
    this.isBusy = true;
    const { run } = this;
    const left = run.num_ticks - this.live;
    const count = Math.min(many || run.ticks_per_day - (this.live % run.ticks_per_day), left);
    try {
      this.frames.delete(this.live); // it showed what the person could decide
      const decided = this.desk && count === 1 ? this.orders() : undefined;
      const frame = await api.tick(run.id, { count, bank: this.bank, desk: this.desk }, decided);
      if (this.run !== run) return;
      this.live = Math.max(this.live, frame.tick);
      this.remember(frame);
      await this.show(frame.tick);
    } catch (problem) {
      this.fail(problem);
    } finally {
      this.isBusy = false;
    }
  }

  async play() {
    if (!this.run || this.isRunning || this.isAtEnd) return;
    this.isRunning = true;
    this.onchange();
    const mine = this.run;
    while (this.isRunning && this.run === mine && !this.isAtEnd) {
      const [many, wait] = PACE[this.speed];
      const began = performance.now();
      await this.forward(this.desk ? 1 : many);
      await pause(Math.max(0, wait - (performance.now() - began)));
    }
    if (this.run === mine) this.stop();
  }

  stop() {
    const wasRunning = this.isRunning;
    this.isRunning = false;
    if (!this.run) return;
    this.onchange();
    if (wasRunning) this.onpause();
  }

  fail(problem) {
    this.isRunning = false;
    this.onproblem(problem.message);
    this.onchange();
  }
}

// The figures by tick of one run, read as far as the run has got.
export class Figures {
  constructor(id) {
    this.id = id;
    this.banks = [];
    this.clear();
  }

  clear() {
    this.columns = { system: {}, settled_by: {}, costs: {} };
    this.bankColumns = {};
    this.trades = [];
    this.length = 0;
  }

  chooseBanks(banks) {
    if (banks.join() === this.banks.join()) return;
    this.banks = [...banks];
    this.bankColumns = {};
    this.bankLength = 0;
    this.length = 0;
  }

  // Reads what is missing up to a tick; calls that come meanwhile wait for the same answer.
  async read(tick) {
    if (this.reading) return this.reading;
    if (this.length >= tick) return this;
    this.reading = this.readOn().finally(() => { this.reading = null; });
    return this.reading;
  }

  async readOn() {
    const asked = this.banks.join();
    const part = await api.track(this.id, this.length, this.banks);
    if (asked !== this.banks.join()) return this;
    const join = (known, fresh) => {
      for (const [name, column] of Object.entries(fresh)) known[name] = (known[name] ?? []).slice(0, part.from_tick).concat(column);
    };
    join(this.columns.system, part.system);
    join(this.columns.settled_by, part.settled_by);
    join(this.columns.costs, part.costs);
    for (const [bank, columns] of Object.entries(part.banks)) join((this.bankColumns[bank] ??= {}), columns);
    this.trades = this.trades.filter((trade) => trade.tick < part.from_tick).concat(part.trades);
    this.length = part.num_ticks;
    return this;
  }
}
