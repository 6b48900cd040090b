// The two pictures of a replay: the band of the run's time, and a square for each slice.

import { before, status } from './replay_data.js';

const STATES_PX = 18;
const LARGEST_PX = 11;
const SMALLEST_PX = 2;
const HIGHEST_PX = 420;
const BINS = 240;

/** The present value of a colour of the style sheet, which canvas cannot look up itself. */
function colour(name) {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function prepare(canvas, height) {
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return [pen, width, height];
}

const TONES = { physics: 'plot-line', standby: 'plot-second' };

function drawStates(pen, run, width) {
  pen.font = '11px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  run.states.forEach((one, i) => {
    const from = (one.t / run.length) * width;
    const to = ((run.states[i + 1]?.t ?? run.length) / run.length) * width;
    pen.fillStyle = colour(TONES[one.substate] ?? 'sunken');
    pen.fillRect(from, 0, Math.max(1, to - from - 1), STATES_PX);
    const text = [one.state, one.substate].filter(Boolean).join('/');
    if (pen.measureText(text).width + 8 > to - from) return;
    pen.fillStyle = colour(TONES[one.substate] ? 'surface' : 'quiet');
    pen.fillText(text, from + 4, STATES_PX / 2 + 0.5);
  });
}

function drawLoad(pen, run, width, height) {
  const floor = height - 1;
  const room = height - STATES_PX - 10;
  const bins = Math.max(10, Math.min(BINS, Math.floor(width / 4)));
  const edge = (bin) => (run.length * bin) / bins;
  const { queued, started, completed } = run.times;
  const finished = Array.from({ length: bins }, (_, bin) => before(completed, edge(bin + 1)) - before(completed, edge(bin)));
  const waiting = Array.from({ length: bins + 1 }, (_, bin) => before(queued, edge(bin)) - before(started, edge(bin)));
  const most = Math.max(1, ...finished);
  pen.fillStyle = colour('slice-finished');
  finished.forEach((number, bin) => {
    const high = (number / most) * room;
    pen.fillRect((bin * width) / bins, floor - high, Math.max(1, width / bins - 1), high);
  });
  const deepest = Math.max(1, ...waiting);
  pen.strokeStyle = colour('plot-second');
  pen.lineWidth = 1.5;
  pen.beginPath();
  waiting.forEach((number, bin) => pen.lineTo((bin * width) / bins, floor - (number / deepest) * room));
  pen.stroke();
  pen.fillStyle = colour('line');
  pen.fillRect(0, floor, width, 1);
}

/** The band: drawn whole when its size or the theme changes; at each moment only the cursor moves. */
export class Band {
  constructor(canvas, run) {
    this.canvas = canvas;
    this.run = run;
    this.redraw();
  }

  redraw() {
    const [pen, width, height] = prepare(this.canvas, this.canvas.clientHeight);
    drawStates(pen, this.run, width);
    drawLoad(pen, this.run, width, height);
    [this.pen, this.width, this.height] = [pen, width, height];
    this.drawn = document.createElement('canvas');
    this.drawn.width = this.canvas.width;
    this.drawn.height = this.canvas.height;
    this.drawn.getContext('2d').drawImage(this.canvas, 0, 0);
    this.ink = colour('ink');
  }

  show(t) {
    this.pen.clearRect(0, 0, this.width, this.height);
    this.pen.drawImage(this.drawn, 0, 0, this.width, this.height);
    this.pen.fillStyle = this.ink;
    this.pen.fillRect(Math.min(this.width - 2, (t / (this.run.length || 1)) * this.width - 1), 0, 2, this.height);
  }
}

/** A square for each slice, as large as there is room for. */
export class SliceMap {
  constructor(canvas, run) {
    this.canvas = canvas;
    this.run = run;
    this.redraw();
  }

  redraw() {
    const number = Math.max(1, this.run.slices.length);
    const width = this.canvas.clientWidth;
    let cell = Math.floor(Math.sqrt((width * HIGHEST_PX) / number));
    cell = Math.max(SMALLEST_PX, Math.min(LARGEST_PX, cell));
    this.columns = Math.max(1, Math.floor(width / cell));
    this.cell = cell;
    const high = Math.ceil(number / this.columns) * cell;
    this.canvas.style.height = `${high}px`;
    [this.pen, this.width, this.height] = prepare(this.canvas, high);
    this.colours = Object.fromEntries(
      ['waiting', 'working', 'finished', 'plotted', 'failed'].map((name) => [name, colour(`slice-${name}`)]),
    );
    this.empty = colour('sunken');
    this.shown = new Array(number);
  }

  show(t) {
    const { pen, cell, columns, shown } = this;
    const side = cell - (cell > 4 ? 1 : 0);
    let last = null;
    // From one moment to the next few change: only these are drawn.
    this.run.slices.forEach((slice, i) => {
      const fill = this.colours[status(slice, t)] ?? this.empty;
      if (fill === shown[i]) return;
      shown[i] = fill;
      if (fill !== last) { pen.fillStyle = fill; last = fill; }
      pen.fillRect((i % columns) * cell, Math.floor(i / columns) * cell, side, side);
    });
  }
}
