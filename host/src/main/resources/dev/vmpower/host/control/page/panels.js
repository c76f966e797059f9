// The tables and lists beside the grid. Text comes from the daemon and from guests' names, so it is
// only ever set as text.

import { ghz } from "./colours.js";

const LOG_LINES_MAX = 200;

export function paintFacts(list, status, energy) {
  const facts = status
    ? [["mode", status.mode], ["libvirt", status.libvirt], ["VMs", status.vms],
       ["channels", status.channels], ["managed", status.managed_domains],
       ["requests", status.requests], ["answered in (p99)", `${Math.round(status.answer_times.p99_us)} µs`],
       ...energyFacts(energy), ["version", status.version]]
    : [];
  list.replaceChildren(...facts.map(([name, value]) => pair(name, value)));
}

function energyFacts(energy) {
  if (!energy || !energy.seconds) {
    return [];
  }
  const watts = energy.measured ? [["power", `${(energy.joules / energy.seconds).toFixed(1)} W`]] : [];
  return [...watts, ["saved (estimate)", `${(energy.saved_part * 100).toFixed(1)} %`]];
}

export function paintVms(body, vms, sort, chosenVm, cpuOfVcpu) {
  const order = vms.toSorted((a, b) => {
    const by = typeof a[sort.key] === "number"
      ? a[sort.key] - b[sort.key] : String(a[sort.key]).localeCompare(String(b[sort.key]), "en", { numeric: true });
    return (sort.down ? -by : by) || a.name.localeCompare(b.name, "en", { numeric: true });
  });
  // A row is kept where it is used: whoever is at it with the keyboard stays there.
  const rows = new Map([...body.children].map((row) => [row.dataset.vm, row]));
  const wanted = order.map((vm) => vmRow(rows.get(vm.name) ?? emptyRow(vm.name), vm, chosenVm, cpuOfVcpu));
  if (wanted.length !== body.children.length || wanted.some((row, i) => body.children[i] !== row)) {
    const focused = document.activeElement;
    body.replaceChildren(...wanted);
    if (body.contains(focused)) {
      focused.focus();
    }
  }
}

function emptyRow(name) {
  const row = document.createElement("tr");
  row.dataset.vm = name;
  const cell = document.createElement("td");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  cell.append(button);
  row.append(cell, ...Array.from({ length: 6 }, () => document.createElement("td")));
  for (const cell of [4, 5, 6]) {
    row.cells[cell].className = "number";
  }
  return row;
}

function vmRow(row, vm, chosenVm, cpuOfVcpu) {
  const texts = [
    vm.state,
    vm.vcpus.map((vcpu) => vcpu.cpus).join(" "),
    vm.vcpus.map((vcpu) => (vcpu.claimed ? vcpu.vote : "–")).join(" "),
    vm.rate >= 10 || vm.rate === 0 ? Math.round(vm.rate) : vm.rate.toFixed(1),
    vm.share ? `${(vm.share * 100).toFixed(1)} %` : "–",
    vm.refused,
  ];
  texts.forEach((text, i) => setText(row.cells[i + 1], text));
  row.cells[6].title = Object.entries(vm.refusals).map(([why, count]) => `${why}: ${count}`).join(", ");
  row.setAttribute("aria-selected", vm.name === chosenVm);
  row.classList.toggle("of-cpu", cpuOfVcpu(vm));
  return row;
}

export function paintWhy(parts, cpu, explanation) {
  setText(parts.sentence, explanation?.sentence ?? `pCPU ${cpu.cpu}: ${cpu.why}`);
  const votes = cpu.votes.toSorted((a, b) => b.khz - a.khz);
  parts.votes.hidden = votes.length === 0;
  parts.votes.tBodies[0].replaceChildren(...votes.map((vote) => {
    const row = document.createElement("tr");
    row.className = vote.counts ? "" : "void";
    const asks = vote.claimed ? vote.level : "never asked";
    for (const text of [vote.vm, vote.vcpu, asks, ghz(vote.khz), vote.counts ? "yes" : "no"]) {
      row.insertCell().textContent = text;
    }
    row.cells[3].className = "number";
    return row;
  }));
  const facts = [
    ["target", ghz(cpu.target_khz) || "none"], ["in force", ghz(cpu.written_khz) || "–"],
    ["runs at", ghz(cpu.current_khz)], ["since", cpu.since ? new Date(cpu.since).toLocaleTimeString() : ""],
    ["range", `${ghz(cpu.min_khz)} to ${ghz(cpu.max_khz)}`],
    ["shares its clock with", cpu.domain_cpus], ["hyper-threads", /[,-]/.test(cpu.siblings) ? cpu.siblings : ""],
    ["driver", cpu.driver], ["governor", cpu.governor],
    ["held", cpu.hold ? `${cpu.hold.level} by ${cpu.hold.who}` : ""],
    ["turbo off", cpu.turbo_off ? `by ${cpu.turbo_off.who}` : ""], ["problem", cpu.problem],
    ["writes", cpu.writes], ["refused writes", cpu.refused_writes || ""], ["conflicts", cpu.conflicts || ""],
  ].filter(([, value]) => value !== "" && value != null);
  parts.details.replaceChildren(...facts.map(([name, value]) => pair(name, value)));
}

export function paintLog(list, events, type) {
  const shown = events.filter((event) => !type || event.type === type).slice(-LOG_LINES_MAX);
  const known = new Map([...list.children].map((line) => [line.event, line]));
  list.replaceChildren(...shown.toReversed().map((event) => known.get(event) ?? logLine(event)));
}

function logLine(event) {
  const line = document.createElement("li");
  line.event = event;
  line.className = event.type;
  const time = document.createElement("time");
  time.textContent = event.data.at ? new Date(event.data.at).toTimeString().slice(0, 8) : "";
  line.append(time, ` ${sentence(event)}`);
  return line;
}

function sentence({ type, data }) {
  switch (type) {
    case "vote":
      return data.claimed ? `${data.vm} vCPU ${data.vcpu} asks for ${level(data.vote)}`
        : `${data.vm} vCPU ${data.vcpu} asks no more`;
    case "target":
      return data.target_khz == null ? `pCPUs ${data.cpus} given back: ${data.why}`
        : `pCPUs ${data.cpus} at ${ghz(data.target_khz)}: ${data.why}`;
    case "channel":
      return `${data.vm} channel ${data.channel} ${data.state}`;
    case "vm":
      return `${data.vm} ${data.state}`;
    case "refusal":
      return `${data.vm}${data.vcpu == null ? "" : ` vCPU ${data.vcpu}`} refused: ${data.reason}`
        + (data.count > 1 ? ` (${data.count} times)` : "");
    case "policy":
      return `policy ${data.name} ${data.what}${data.level ? ` ${data.level}` : ""}`;
    case "hold":
      return data.level ? `${data.who} holds pCPUs ${data.cpus} at ${level(data.level)}`
        : `${data.who} released pCPUs ${data.cpus}`;
    case "conflict":
      return `conflict at pCPUs ${data.cpus} ${data.state}: ${data.what}`;
    case "status":
      return `mode is ${data.mode}`;
    default:
      return data.message ?? type;
  }
}

function level(text) {
  return /^\d+$/.test(text) ? ghz(Number(text)) : text;
}

function pair(name, value) {
  const frame = document.createElement("div");
  const title = document.createElement("dt");
  const text = document.createElement("dd");
  title.textContent = name;
  text.textContent = value;
  frame.append(title, text);
  return frame;
}

function setText(element, text) {
  if (element.textContent !== String(text)) {
    element.textContent = text;
  }
}
