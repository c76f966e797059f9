// What the daemon says, kept up to date: whole lists at times, and every change as it happens.

const REFRESH_MS = 5000;
const RETRY_MS = 1000;
const ENERGY_MS = 60000;
const EVENTS_MAX = 500;
export const HISTORY_MS = 15 * 60 * 1000;
const POINTS_MAX = 4000;

export class Model {
  cpus = [];
  vms = [];
  status = null;
  energy = null; // since the daemon's start
  link = "connecting";
  events = [];
  eventCount = 0;
  history = new Map(); // N of policyN -> [[ms, kHz or null], ...]
  #changed;
  #requests = new Map();
  #stale = new Set();

  /** @param changed called after anything changed, with what: "cpus", "vms", "events", "link" */
  constructor(changed) {
    this.#changed = changed;
  }

  start() {
    this.#follow();
    setInterval(() => this.#refresh(), REFRESH_MS);
    setInterval(() => this.#catchUp(), RETRY_MS);
    setInterval(() => this.#loadEnergy(), ENERGY_MS);
  }

  cpu(number) {
    return this.cpus.find((cpu) => cpu.cpu === number);
  }

  vm(name) {
    return this.vms.find((vm) => vm.name === name);
  }

  async ask(path) {
    const answer = await fetch(path, { cache: "no-store" });
    const body = await answer.json();
    if (!answer.ok) {
      throw new Error(body.error);
    }
    return body;
  }

  #follow() {
    const source = new EventSource("v1/events");
    source.onopen = () => {
      // Whatever changes from now on comes as an event: so this misses nothing.
      this.#setLink("live");
      this.#refresh();
      this.#loadHistory();
      this.#loadEnergy();
    };
    source.onerror = () => {
      this.#setLink("lost");
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => this.#follow(), RETRY_MS);
      }
    };
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (event) => this.#take(type, JSON.parse(event.data)));
    }
    source.addEventListener("cut_off", (event) => {
      this.#take("cut_off", JSON.parse(event.data));
      source.close();
      setTimeout(() => this.#follow(), RETRY_MS);
    });
  }

  #setLink(link) {
    if (this.link !== link) {
      this.link = link;
      this.#changed("link");
    }
  }

  #take(type, data) {
    this.eventCount++;
    this.events.push({ type, data });
    if (this.events.length > EVENTS_MAX * 2) {
      this.events.splice(0, EVENTS_MAX);
    }
    if (type === "target") {
      this.#takeTarget(data);
    } else if (type !== "vote" && type !== "refusal" && type !== "cut_off") {
      this.#stale.add("cpus");
      this.#stale.add("vms");
    }
    this.#changed("events");
  }

  #takeTarget(data) {
    const atMs = Date.parse(data.at);
    this.#point(data.domain, atMs, data.target_khz);
    for (const cpu of this.cpus) {
      if (cpu.domain === data.domain) {
        cpu.target_khz = data.target_khz;
        cpu.written_khz = data.target_khz;
        cpu.managed = data.target_khz != null;
        cpu.why = data.why;
        cpu.since = data.at;
      }
    }
    this.#stale.add("cpus"); // for what the kernel says of it
    this.#changed("cpus");
  }

  #point(domain, atMs, khz) {
    const points = this.history.get(domain) ?? [];
    points.push([atMs, khz]);
    while (points.length > POINTS_MAX || (points.length > 1 && points[1][0] < atMs - HISTORY_MS)) {
      points.shift();
    }
    this.history.set(domain, points);
  }

  // At most once in RETRY_MS, however many events said that something is another.
  async #catchUp() {
    if (this.#stale.size && this.link === "live") {
      await this.#refresh();
    }
  }

  async #refresh() {
    if (this.link !== "live" || document.hidden) {
      return;
    }
    this.#stale.clear();
    try {
      const [cpus, vms, status] = await Promise.all(
        ["v1/cpus", "v1/vms", "v1/status"].map((path) => this.ask(path)));
      this.cpus = cpus;
      this.vms = vms;
      this.status = status;
      this.#countRequests();
      this.#changed("cpus");
      this.#changed("vms");
    } catch (failed) {
      this.problem = failed.message; // the stream of events says when the daemon is back
    }
  }

  #countRequests() {
    const nowMs = performance.now();
    for (const vm of this.vms) {
      const before = this.#requests.get(vm.name);
      const passedS = before ? (nowMs - before.nowMs) / 1000 : 0;
      vm.rate = passedS > 0 ? Math.max(0, (vm.requests - before.requests) / passedS) : 0;
      vm.share = this.shareOf(vm.name);
      vm.refused = Object.values(vm.refusals).reduce((sum, count) => sum + count, 0);
      this.#requests.set(vm.name, { nowMs, requests: vm.requests });
    }
    for (const name of this.#requests.keys()) {
      if (!this.vm(name)) {
        this.#requests.delete(name);
      }
    }
  }

  async #loadEnergy() {
    try {
      this.energy = await this.ask("v1/energy");
      for (const vm of this.vms) {
        vm.share = this.shareOf(vm.name);
      }
      this.#changed("vms");
    } catch (failed) {
      this.problem = failed.message;
    }
  }

  /** A VM's estimated part of what all used; 0 where it is not known. */
  shareOf(name) {
    return this.energy?.shares.find((share) => share.vm === name)?.part ?? 0;
  }

  async #loadHistory() {
    try {
      const domains = await this.ask("v1/history");
      for (const { domain, at_ms, target_khz } of domains) {
        this.history.set(domain, at_ms.map((ms, i) => [ms, target_khz[i] || null]));
      }
      this.#changed("events");
    } catch (failed) {
      this.problem = failed.message;
    }
  }
}

export const EVENT_TYPES = ["vote", "target", "channel", "vm", "refusal", "policy", "hold", "conflict", "status"];
