// The dialog before a run: seed, and who decides for which bank.

import * as api from "./api.js";
import { find, make, options, show, words } from "./dom.js";

const base64 = async (file) => {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
};

// A choice of a policy with its parameters; `value()` is what a request takes, null for the scenario's own.
class PolicyChoice {
  constructor(setup, { isSingle }) {
    this.setup = setup;
    const { scripted, trees } = setup.offers;
    const trained = setup.facts.trained;
    const group = (label, rows) => (rows.length ? make("optgroup", { label }, rows.map(([value, text, disabled]) => make("option", { value, disabled }, text))) : null);
    this.select = make("select", { "aria-label": isSingle ? "Policy of this bank" : "Policy of all deciding banks", onchange: () => this.draw() },
      isSingle ? null : make("option", { value: "" }, "as in the scenario"),
      isSingle ? make("option", { value: "person" }, "a person: you") : null,
      group("Scripted", scripted.map((one) => [`scripted:${one.type}`, words(one.type)])),
      group("Decision tree", [...Object.keys(trees).map((name) => [`tree:${name}`, words(name)]), ["tree-file", "from a file ..."]]),
      group("Trained", [...trained.map((one) => [`trained:${one.name}`, one.action === "queue" ? one.name : `${one.name} (${one.action} action)`]), ["trained-file", "from a file ..."]]));
    if (isSingle) this.select.value = "person";
    this.parts = make("div", { class: "parameters" });
    this.node = make("div", { class: "choice" }, make("label", {}, isSingle ? "Policy" : "All banks", this.select), this.parts);
    this.draw();
  }

  draw() {
    const [kind, name] = this.select.value.split(":");
    const file = (label, accept) => make("label", {}, label, make("input", { type: "file", accept }));
    if (kind === "scripted") {
      const one = this.setup.offers.scripted.find((row) => row.type === name);
      show(this.parts, make("p", { class: "note" }, one.about), one.parameters.map((parameter) => make("label", {}, `${words(parameter.name)} (${parameter.is_cents ? this.setup.facts.currency ?? "currency units" : parameter.about})`,
        make("input", { type: "number", name: parameter.name, value: parameter.is_cents ? parameter.value / 100 : parameter.value, step: parameter.is_cents ? 0.01 : 1, "data-cents": parameter.is_cents }))));
    } else if (kind === "tree-file") show(this.parts, file("Tree file (JSON)", ".json"));
    else if (kind === "trained-file") show(this.parts, file("Checkpoint (.pt or .npy)", ".pt,.npy"), file("its .json", ".json"));
    else show(this.parts, this.select.value === "person" ? make("p", { class: "note" }, "You decide on this bank's payments at every tick.") : "");
  }

  async value() {
    const [kind, name] = this.select.value.split(":");
    if (!kind) return null;
    if (kind === "person") return { type: "person" };
    if (kind === "scripted") {
      const values = [...this.parts.querySelectorAll("input")].map((input) => [input.name, input.value === "" ? input.value : "cents" in input.dataset ? Math.round(100 * Number(input.value)) : Number(input.value)]);
      return { type: name, ...Object.fromEntries(values) };
    }
    if (kind === "tree") return { type: "tree", tree: this.setup.offers.trees[name] };
    if (kind === "trained") return { type: "trained", checkpoint: name };
    const files = [...this.parts.querySelectorAll("input")].map((input) => input.files[0]);
    if (files.some((file) => !file)) throw new Error("Choose the file of the policy.");
    if (kind === "tree-file") return { type: "tree", tree: parsed(await files[0].text(), files[0].name) };
    const kept = await api.keepCheckpoint({ name: files[0].name, facts: await files[1].text(), weights: await base64(files[0]) });
    return { type: "trained", checkpoint: kept.checkpoint };
  }
}

function parsed(text, name) {
  try {
    return JSON.parse(text);
  } catch (problem) {
    throw new Error(`${name}: not valid JSON: ${problem.message}`);
  }
}

export class Setup {
  constructor(offers) {
    this.offers = offers;
    find("setup-cancel").addEventListener("click", () => this.close());
    find("setup").addEventListener("cancel", () => this.done?.(null));
    find("single-add").addEventListener("click", () => this.addSingle());
    find("setup-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.go();
    });
  }

  // Asks for seed and policies; resolves with the run, or null.
  async ask(view, { seed = null, title = null } = {}) {
    this.view = view;
    this.facts = await api.check(view);
    const { facts } = this;
    const ticks = facts.ticks_per_day * facts.num_days;
    find("setup-title").textContent = title ?? facts.name;
    find("setup-about").textContent = `${facts.description ? `${facts.description} ` : ""}${facts.banks.length} banks, ${ticks.toLocaleString("en")} ticks.`;
    find("seed").value = seed ?? "";
    find("seed").placeholder = `${facts.seed} (of the scenario)`;
    this.tell("");
    this.everybody = new PolicyChoice(this, { isSingle: false });
    this.singles = [];
    show(find("everybody"), this.everybody.node);
    show(find("singles"));
    find("setup").showModal();
    find("seed").focus();
    return new Promise((done) => { this.done = done; });
  }

  addSingle() {
    const bank = make("select", { "aria-label": "Bank" });
    const taken = this.singles.map((one) => one.bank.value);
    const { banks } = this.facts;
    const first = banks.find((one) => one.policy === "external" && !taken.includes(one.id)) ?? banks.find((one) => !taken.includes(one.id)) ?? banks[0];
    options(bank, banks.map((one) => [one.id, `${one.id} (${words(one.policy)})`]), first.id);
    const choice = new PolicyChoice(this, { isSingle: true });
    const row = { bank, choice };
    const node = make("div", { class: "single" }, make("label", {}, "Bank", bank), choice.node,
      make("button", { type: "button", "aria-label": "Remove this bank", onclick: () => { node.remove(); this.singles = this.singles.filter((one) => one !== row); } }, "Remove"));
    this.singles.push(row);
    find("singles").append(node);
    bank.focus();
  }

  tell(problem) {
    find("setup-problem").textContent = problem;
    find("setup-problem").hidden = !problem;
  }

  async go() {
    this.tell("");
    find("setup-go").disabled = true;
    try {
      const policies = {};
      const everybody = await this.everybody.value();
      if (everybody) policies["*"] = everybody;
      for (const { bank, choice } of this.singles) policies[bank.value] = await choice.value();
      const view = { ...this.view, policies };
      if (find("seed").value !== "") view.seed = Number(find("seed").value);
      const run = await api.create(view);
      find("setup").close();
      this.done(run);
    } catch (problem) {
      this.tell(problem.message);
    } finally {
      find("setup-go").disabled = false;
    }
  }

  close() {
    find("setup").close();
    this.done?.(null);
  }
}
