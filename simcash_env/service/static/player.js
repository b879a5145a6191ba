// One run and the tick of it that is shown: states by tick, reports by tick, running, stepping, going back.

import * as api from "./api.js";

const MOST_FRAMES = 1500;
const PACE = { 1: [1, 500], 2: [1, 200], 3: [1, 0], 4: [25, 0] };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Player {
  constructor({ onshow, onchange, onproblem }) {
    Object.assign(this, { onshow, onchange, onproblem });
    this.run = null;
    this.isRunning = false;
    this.speed = 2;
  }

  async open(id) {
    this.stop();
    this.socket?.close();
    this.run = await api.detail(id);
    this.live = this.run.tick;
    this.shown = -1;
    this.wanted = 0;
    this.isFollowing = true;
    this.frames = new Map();
    this.reports = [];
    await this.readReports();
    const mine = this.run;
    this.socket = api.stream(id, {
      onmessage: (message) => this.run === mine && this.hear(message),
      onclose: (event) => this.run === mine && event.code === 4404 && this.onproblem(event.reason),
    });
    await this.show(this.live);
  }

  async readReports() {
    let from = this.reports.length;
    while (from !== null) {
      const page = await api.metrics(this.run.id, from);
      for (const report of page.ticks) this.reports[report.tick] = report;
      from = page.next_tick;
    }
  }

  hear({ type, report, state }) {
    if (type === "tick") {
      this.reports[report.tick] = report;
      this.live = Math.max(this.live, report.tick + 1);
      if (state) this.remember(state);
      if (this.isFollowing && state && !this.isBusy) this.show(state.tick); // somebody else runs it
      else this.onchange();
    }
  }

  remember(state) {
    this.frames.set(state.tick, state);
    if (this.frames.size > MOST_FRAMES) this.frames.delete(this.frames.keys().next().value);
  }

  async frame(tick) {
    if (!this.frames.has(tick)) {
      this.fetching?.abort();
      this.fetching = new AbortController();
      this.remember(await api.state(this.run.id, tick, this.fetching.signal));
    }
    return this.frames.get(tick);
  }

  async show(tick) {
    this.wanted = Math.max(0, Math.min(tick, this.live)); // what was asked for last; it is shown once it is here
    this.isFollowing = this.wanted === this.live;
    const aim = this.wanted;
    try {
      const state = await this.frame(aim);
      if (this.wanted !== aim) return;
      this.shown = aim;
      this.onshow(state);
    } catch (problem) {
      if (problem.name !== "AbortError") this.fail(problem);
    }
  }

  get isAtEnd() {
    return this.live >= this.run.num_ticks && this.shown >= this.live;
  }

  async forward(many = 1) {
    if (!this.run || this.isAtEnd) return;
    if (this.wanted < this.live) return this.show(this.wanted + many);
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      const done = await api.tick(this.run.id, Math.min(many, this.run.num_ticks - this.live));
      for (const report of done.reports) this.reports[report.tick] = report;
      this.live = Math.max(this.live, done.tick);
      await this.show(done.tick);
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
      await this.forward(many);
      await pause(Math.max(0, wait - (performance.now() - began)));
    }
    if (this.run === mine) this.stop();
  }

  stop() {
    this.isRunning = false;
    if (this.run) this.onchange();
  }

  fail(problem) {
    this.isRunning = false;
    this.onproblem(problem.message);
    this.onchange();
  }
}
