// Puts the page together. Whatever changes marks a part as stale; stale parts are painted once in the
// next frame, so that a flood of events costs no more than a few.

import { drawLegend } from "./colours.js";
import { drawLine, drawMap, rowAt } from "./charts.js";
import { Grid } from "./grid.js";
import { EVENT_TYPES, Model } from "./model.js";
import { paintFacts, paintLog, paintVms, paintWhy } from "./panels.js";

const CHART_MS = 1000;
const LOG_MS = 250;
const LINK_TEXTS = { connecting: "connecting", live: "live", lost: "the daemon is away; trying again" };

const $ = (id) => document.getElementById(id);
const model = new Model(stale);
const grid = new Grid($("grid"), chooseCpu);
const why = { sentence: $("sentence"), votes: $("votes"), details: $("details") };
const sort = { key: "name", down: false };

let chosenCpu = null;
let chosenVm = null;
let explanation = null;
let paintedCharts = 0;
let paintedLog = 0;
const parts = new Set();

function stale(part) {
  if (!parts.size) {
    requestAnimationFrame(paint);
  }
  parts.add(part);
}

function paint(nowMs) {
  const due = new Set(parts);
  parts.clear();
  if (due.has("link")) {
    $("link").dataset.link = model.link;
    $("link-text").textContent = LINK_TEXTS[model.link];
  }
  if (due.has("cpus") || due.has("chosen")) {
    grid.paint(model.cpus, chosenCpu, chosenVm === null ? null : cpusOf(model.vm(chosenVm)));
    const cpu = model.cpu(chosenCpu);
    if (cpu) {
      paintWhy(why, cpu, explanation?.cpu === cpu.cpu ? explanation : null);
    }
  }
  if (due.has("vms") || due.has("chosen")) {
    paintFacts($("facts"), model.status, model.energy);
    const votes = new Set(model.cpu(chosenCpu)?.votes.map((vote) => vote.vm));
    paintVms($("vms").querySelector("tbody"), model.vms, sort, chosenVm, (vm) => votes.has(vm.name));
  }
  if (due.has("events") && !$("hold-still").checked) {
    if (nowMs - paintedLog >= LOG_MS) {
      paintedLog = nowMs;
      paintLog($("log"), model.events, $("event-type").value);
    } else {
      setTimeout(() => stale("events"), LOG_MS);
    }
  }
  if (due.has("chosen") || nowMs - paintedCharts >= CHART_MS) {
    paintedCharts = nowMs;
    drawMap($("map"), model, chosenCpu);
    drawLine($("line"), $("line-text"), model, chosenCpu);
  }
}

async function chooseCpu(number) {
  chosenCpu = chosenCpu === number ? null : number;
  chosenVm = null;
  explanation = null;
  if (chosenCpu === null) {
    why.sentence.textContent = "Choose a pCPU to see why it runs at its speed.";
    why.votes.hidden = true;
    why.details.replaceChildren();
  }
  stale("chosen");
  await explain();
}

async function explain() {
  const asked = chosenCpu;
  if (asked === null) {
    return;
  }
  try {
    const answer = await model.ask(`v1/cpus/${asked}/explanation`);
    if (asked === chosenCpu) {
      explanation = { cpu: asked, sentence: answer.sentence };
      stale("chosen");
    }
  } catch (failed) {
    explanation = null;
  }
}

function chooseVm(name) {
  chosenVm = chosenVm === name ? null : name;
  stale("chosen");
}

function cpusOf(vm) {
  const cpus = new Set();
  for (const vcpu of vm?.vcpus ?? []) {
    for (const part of vcpu.cpus.split(",").filter(Boolean)) {
      const [first, last = first] = part.split("-").map(Number);
      for (let cpu = first; cpu <= last; cpu++) {
        cpus.add(cpu);
      }
    }
  }
  return cpus;
}

function setUpVms() {
  $("vms").querySelector("thead").addEventListener("click", (event) => {
    const key = event.target.dataset.sort;
    if (key) {
      sort.down = sort.key === key ? !sort.down : ["rate", "share", "refused"].includes(key);
      sort.key = key;
      for (const head of $("vms").querySelectorAll("th")) {
        head.removeAttribute("aria-sort");
      }
      event.target.parentElement.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      stale("vms");
    }
  });
  $("vms").querySelector("tbody").addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) {
      chooseVm(row.dataset.vm);
    }
  });
}

function setUpTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const dark = $("theme").value === "dark" || ($("theme").value === "auto" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    stale("chosen");
  };
  $("theme").value = localStorage.getItem("theme") ?? "auto";
  $("theme").addEventListener("change", () => {
    localStorage.setItem("theme", $("theme").value);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

function setUpEvents() {
  for (const [value, text] of [["", "all"], ...EVENT_TYPES.map((type) => [type, type])]) {
    $("event-type").add(new Option(text, value));
  }
  $("event-type").addEventListener("change", () => stale("events"));
  $("hold-still").addEventListener("change", () => stale("events"));
}

setUpTheme();
setUpVms();
setUpEvents();
drawLegend($("legend"));
$("map").addEventListener("click", (event) => {
  const cpu = rowAt($("map"), model, event.offsetY);
  if (cpu !== undefined) {
    chooseCpu(cpu);
  }
});
new ResizeObserver(() => stale("chosen")).observe(document.body);
setInterval(() => stale("tick"), CHART_MS);
setInterval(explain, 5 * CHART_MS);
model.start();
