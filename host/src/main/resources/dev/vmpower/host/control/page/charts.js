// The last 15 minutes on two canvases: a map with a row for each pCPU, and one line. Both are drawn
// anew at most once a second, or when something is chosen, whatever happens in between.

import { css, ghz, step } from "./colours.js";
import { HISTORY_MS } from "./model.js";

const MINUTE_MS = 60000;
const MINUTES_APART = 3;
const LEFT = 64;
const BOTTOM = 16;

export function drawMap(canvas, model, chosen) {
  const { pen, width, height } = fit(canvas);
  const toMs = Date.now();
  const cpus = model.cpus;
  const rowHeight = (height - BOTTOM) / Math.max(1, cpus.length);
  const x = (ms) => LEFT + ((ms - toMs + HISTORY_MS) / HISTORY_MS) * (width - LEFT);
  cpus.forEach((cpu, row) => {
    const points = model.history.get(cpu.domain) ?? [];
    points.forEach(([fromMs, khz], i) => {
      const untilMs = points[i + 1]?.[0] ?? toMs;
      if (khz == null || untilMs < toMs - HISTORY_MS) {
        return;
      }
      const from = Math.max(LEFT, x(fromMs));
      pen.fillStyle = css(step(khz, cpu.min_khz, cpu.max_khz));
      pen.fillRect(from, row * rowHeight, Math.max(1, x(untilMs) - from), Math.max(1, rowHeight - 0.5));
    });
    if (cpu.cpu === chosen) {
      pen.strokeStyle = ink(canvas);
      pen.lineWidth = 2;
      pen.strokeRect(LEFT, row * rowHeight, width - LEFT - 1, Math.max(2, rowHeight));
    }
  });
  labelRows(pen, canvas, cpus, rowHeight);
  labelTime(pen, canvas, width, height, x, toMs);
}

/** The pCPU whose row is at `y` pixels; undefined where there is none. */
export function rowAt(canvas, model, y) {
  const rowHeight = (canvas.clientHeight - BOTTOM) / Math.max(1, model.cpus.length);
  return model.cpus[Math.floor(y / rowHeight)]?.cpu;
}

export function drawLine(canvas, caption, model, chosen) {
  const { pen, width, height } = fit(canvas);
  const toMs = Date.now();
  const cpu = model.cpu(chosen);
  const lines = (cpu ? [cpu] : model.cpus).filter((one) => one.domain != null);
  const minKhz = Math.min(...lines.map((one) => one.min_khz));
  const maxKhz = Math.max(...lines.map((one) => one.max_khz));
  const points = cpu ? model.history.get(cpu.domain) ?? [] : mean(model, lines, toMs);
  caption.textContent = cpu ? `Target of pCPU ${cpu.cpu}` : "Mean target of the pCPUs that are managed";
  const x = (ms) => LEFT + ((ms - toMs + HISTORY_MS) / HISTORY_MS) * (width - LEFT);
  labelTime(pen, canvas, width, height, x, toMs);
  if (!lines.length || !Number.isFinite(minKhz)) {
    return;
  }
  const y = (khz) => 8 + (1 - (khz - minKhz) / Math.max(1, maxKhz - minKhz)) * (height - BOTTOM - 16);
  pen.fillStyle = quiet(canvas);
  pen.textAlign = "right";
  pen.fillText(ghz(maxKhz), LEFT - 4, y(maxKhz) + 4);
  pen.fillText(ghz(minKhz), LEFT - 4, y(minKhz) + 4);
  pen.strokeStyle = ink(canvas);
  pen.lineWidth = 1.5;
  pen.beginPath();
  let drawing = false;
  points.forEach(([fromMs, khz], i) => {
    const untilMs = points[i + 1]?.[0] ?? toMs;
    if (khz == null || untilMs < toMs - HISTORY_MS) {
      drawing = false;
      return;
    }
    const from = Math.max(LEFT, x(fromMs));
    pen[drawing ? "lineTo" : "moveTo"](from, y(khz));
    pen.lineTo(x(untilMs), y(khz));
    drawing = true;
  });
  pen.stroke();
}

function mean(model, cpus, toMs) {
  const columns = 300;
  const points = [];
  const series = cpus.map((cpu) => model.history.get(cpu.domain) ?? []);
  const next = series.map(() => 0);
  for (let i = 0; i <= columns; i++) {
    const ms = toMs - HISTORY_MS + (HISTORY_MS * i) / columns;
    let sum = 0;
    let count = 0;
    series.forEach((one, k) => {
      while (next[k] < one.length && one[next[k]][0] <= ms) {
        next[k]++;
      }
      const khz = next[k] ? one[next[k] - 1][1] : null;
      if (khz != null) {
        sum += khz;
        count++;
      }
    });
    points.push([ms, count ? sum / count : null]);
  }
  return points;
}

function labelRows(pen, canvas, cpus, rowHeight) {
  pen.fillStyle = quiet(canvas);
  pen.textAlign = "right";
  const every = Math.max(1, Math.ceil(14 / rowHeight));
  for (let row = 0; row < cpus.length; row += every) {
    const y = Math.max(10, row * rowHeight + Math.min(rowHeight, 11));
    if (row === 0 || y > 22) { // the first one stands a little low
      pen.fillText(`pCPU ${cpus[row].cpu}`, LEFT - 4, y);
    }
  }
}

function labelTime(pen, canvas, width, height, x, toMs) {
  pen.fillStyle = quiet(canvas);
  pen.textAlign = "center";
  for (let ms = Math.ceil((toMs - HISTORY_MS) / MINUTE_MS) * MINUTE_MS; ms < toMs; ms += MINUTE_MS) {
    if ((ms / MINUTE_MS) % MINUTES_APART === 0 && x(ms) > LEFT + 16 && x(ms) < width - 16) {
      pen.fillText(new Date(ms).toTimeString().slice(0, 5), x(ms), height - 3);
    }
  }
}

function fit(canvas) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px system-ui, sans-serif";
  return { pen, width, height };
}

function ink(canvas) {
  return getComputedStyle(canvas).getPropertyValue("--ink");
}

function quiet(canvas) {
  return getComputedStyle(canvas).getPropertyValue("--quiet");
}
