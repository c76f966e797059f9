// One scale from slow to fast, the same for cells, map and legend. It gets lighter all the way, so it
// reads without seeing hues too.

const STOPS = [[72, 52, 132], [52, 97, 150], [32, 143, 140], [92, 200, 99], [253, 231, 37]];
const STEPS = 64;
const PALE_BELOW = 0.45;

export const SCALE = Array.from({ length: STEPS }, (_, step) => {
  const at = (step / (STEPS - 1)) * (STOPS.length - 1);
  const low = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[low].map((from, i) => Math.round(from + (STOPS[low + 1][i] - from) * (at - low)));
});

export function step(khz, minKhz, maxKhz) {
  const part = maxKhz > minKhz ? (khz - minKhz) / (maxKhz - minKhz) : 1;
  return Math.round(Math.max(0, Math.min(1, part)) * (STEPS - 1));
}

export function css(step) {
  return `rgb(${SCALE[step].join(" ")})`;
}

export function wantsPaleText(step) {
  return step < STEPS * PALE_BELOW;
}

export function ghz(khz) {
  return khz == null ? "" : `${(khz / 1e6).toFixed(khz % 100000 ? 2 : 1)} GHz`;
}

export function drawLegend(canvas) {
  const pen = canvas.getContext("2d");
  const width = canvas.width / STEPS;
  for (let i = 0; i < STEPS; i++) {
    pen.fillStyle = css(i);
    pen.fillRect(i * width, 0, width + 1, canvas.height);
  }
}
