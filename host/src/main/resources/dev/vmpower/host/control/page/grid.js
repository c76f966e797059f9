// The host's pCPUs, grouped by package and frequency domain. Cells are made once and only repainted.

import { css, ghz, step, wantsPaleText } from "./colours.js";

const MANY = 64;

export class Grid {
  #root;
  #choose;
  #cells = new Map();
  #shape = "";
  #order = [];

  /** @param choose called with the number of a pCPU that was chosen */
  constructor(root, choose) {
    this.#root = root;
    this.#choose = choose;
    root.addEventListener("click", (event) => {
      const cell = event.target.closest(".cpu");
      if (cell) {
        this.#focus(Number(cell.dataset.cpu));
        choose(Number(cell.dataset.cpu));
      }
    });
    root.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Paints all cells: `chosen` is a pCPU or null, `ofVm` a set of pCPUs or null. */
  paint(cpus, chosen, ofVm) {
    this.#shapeFor(cpus);
    this.#root.classList.toggle("dim", ofVm != null);
    for (const cpu of cpus) {
      this.#paintCell(this.#cells.get(cpu.cpu), cpu, chosen === cpu.cpu, ofVm?.has(cpu.cpu) ?? false);
    }
  }

  #shapeFor(cpus) {
    const shape = cpus.map((cpu) => `${cpu.cpu}/${cpu.package_id}/${cpu.domain}`).join();
    if (shape === this.#shape) {
      return;
    }
    this.#shape = shape;
    this.#cells.clear();
    this.#order = [];
    this.#root.replaceChildren();
    this.#root.classList.toggle("many", cpus.length > MANY);
    const packages = Map.groupBy(cpus, (cpu) => cpu.package_id);
    for (const [number, members] of [...packages].sort(([a], [b]) => a - b)) {
      this.#root.append(this.#package(number, members));
    }
    this.#cells.get(this.#order[0])?.setAttribute("tabindex", "0");
  }

  #package(number, members) {
    const frame = document.createElement("fieldset");
    frame.className = "package";
    const title = document.createElement("legend");
    title.textContent = number < 0 ? "package unknown" : `package ${number}`;
    const domains = document.createElement("div");
    domains.className = "domains";
    // A pCPU without cpufreq is in a frame of its own.
    const byDomain = Map.groupBy(members, (cpu) => cpu.domain ?? `none ${cpu.cpu}`);
    for (const sharing of byDomain.values()) {
      const domain = document.createElement("div");
      domain.className = "domain";
      domain.append(...sharing.map((cpu) => this.#cell(cpu.cpu)));
      domains.append(domain);
    }
    frame.append(title, domains);
    return frame;
  }

  #cell(number) {
    const cell = document.createElement("button");
    cell.type = "button";
    cell.className = "cpu";
    cell.dataset.cpu = number;
    cell.tabIndex = -1;
    cell.append(document.createElement("b"), document.createElement("span"));
    this.#cells.set(number, cell);
    this.#order.push(number);
    return cell;
  }

  #paintCell(cell, cpu, chosen, ofVm) {
    const khz = cpu.current_khz || cpu.written_khz || 0;
    const shade = step(khz, cpu.min_khz, cpu.max_khz);
    const coloured = cpu.online && cpu.managed && !cpu.reserved && khz > 0;
    const classes = [
      "cpu",
      coloured ? "" : "idle",
      coloured && wantsPaleText(shade) ? "pale" : "",
      cpu.reserved ? "reserved" : "",
      cpu.online ? "" : "offline",
      cpu.hold || cpu.scheduled ? "held" : "",
      cpu.problem ? "trouble" : "",
      ofVm ? "of-vm" : "",
    ].filter(Boolean).join(" ");
    const text = !cpu.online ? "off" : khz ? (khz / 1e6).toFixed(2) : "";
    const label = `pCPU ${cpu.cpu}, ${words(cpu)}`;
    const key = `${classes}|${shade}|${text}|${label}|${chosen}`;
    if (cell.painted === key) {
      return;
    }
    cell.painted = key;
    cell.className = classes;
    cell.style.setProperty("--c", coloured ? css(shade) : "transparent");
    cell.firstChild.textContent = cpu.cpu;
    cell.lastChild.textContent = text;
    cell.title = label;
    cell.setAttribute("aria-label", label);
    cell.setAttribute("aria-pressed", chosen);
  }

  #move(event) {
    const here = this.#order.indexOf(Number(document.activeElement?.dataset?.cpu));
    const width = this.#cellsInARow();
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width,
      Home: -here, End: this.#order.length - 1 - here }[event.key];
    if (here < 0 || by === undefined) {
      return;
    }
    event.preventDefault();
    const there = Math.max(0, Math.min(this.#order.length - 1, here + by));
    this.#focus(this.#order[there]);
    this.#cells.get(this.#order[there]).focus();
  }

  #focus(number) {
    this.#root.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    this.#cells.get(number)?.setAttribute("tabindex", "0");
  }

  #cellsInARow() {
    const top = this.#cells.get(this.#order[0])?.offsetTop;
    const next = this.#order.findIndex((number) => this.#cells.get(number).offsetTop !== top);
    return Math.max(1, next);
  }
}

function words(cpu) {
  if (!cpu.online) {
    return "offline";
  }
  const parts = [ghz(cpu.current_khz || cpu.written_khz)];
  if (cpu.reserved) {
    parts.push("reserved");
  } else if (cpu.managed) {
    parts.push(`target ${ghz(cpu.target_khz)}`);
  } else {
    parts.push("not managed");
  }
  if (cpu.hold) {
    parts.push(`held by ${cpu.hold.who}`);
  }
  if (cpu.problem) {
    parts.push(cpu.problem);
  }
  return parts.filter(Boolean).join(", ");
}
