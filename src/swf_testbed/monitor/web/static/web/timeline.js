// The way of every STF of a run: one column for each at the time of its egress, as high as the seconds until all
// its data reached each stage. Drawn on a canvas, so that a thousand STFs cost what a hundred do.

import { clock, resolved } from './drawing.js';

const HEIGHT = 260;
const MARGIN = { left: 52, right: 10, top: 8, bottom: 22 };
const PERIOD_MS = 2000;
const WIDEST = 14;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const SPACE_X = 110;
const SPACE_Y = 40;

const seconds = (number) => (number == null ? '–' : `${number < 10 ? number.toPrecision(3) : number.toFixed(1)} s`);

/** The first of `STEPS` that gives no more marks than there is space for. */
function step(range, pixels, space) {
  return STEPS.find((one) => (pixels * one) / range >= space) ?? STEPS.at(-1);
}

class Timeline {
  constructor(home) {
    this.home = home;
    this.canvas = home.querySelector('canvas');
    this.told = home.querySelector('.told');
    this.whole = document.querySelector('#timeline-whole');
    this.table = null;
    this.range = null;
    this.chosen = null;
    this.drag = null;
    this.colours = new Map();
    this.listen();
    this.update();
  }

  listen() {
    new ResizeObserver(() => this.draw()).observe(this.home);
    document.addEventListener('swf:theme', () => { this.colours.clear(); this.draw(); });
    document.addEventListener('swf:refreshed', () => this.update());
    this.whole.addEventListener('click', () => this.zoom(null));
    this.canvas.addEventListener('pointermove', (event) => this.point(event));
    this.canvas.addEventListener('pointerleave', () => { if (!this.drag) this.choose(null); });
    this.canvas.addEventListener('pointerdown', (event) => {
      this.drag = { from: event.offsetX, to: event.offsetX };
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener('pointerup', () => this.release());
    this.canvas.addEventListener('dblclick', () => this.zoom(null));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
  }

  /** Fetch what there is now, at most once in `PERIOD_MS`. */
  async update() {
    this.wanted = true;
    if (this.fetching) return;
    this.fetching = true;
    while (this.wanted) {
      this.wanted = false;
      const pause = new Promise((done) => { setTimeout(done, PERIOD_MS); });
      try {
        const answer = await fetch(this.home.dataset.source);
        if (!answer.ok) throw new Error(`${answer.status}`);
        this.table = await answer.json();
        this.draw();
      } catch (problem) {
        console.warn('timeline not updated:', problem.message);
      }
      await pause;
    }
    this.fetching = false;
  }

  /** The positions of the STFs in the range that is shown. */
  shown() {
    const { egress } = this.table;
    const [low, high] = this.extent();
    return egress.flatMap((time, at) => (time != null && time >= low && time <= high ? [at] : []));
  }

  extent() {
    if (this.range) return this.range;
    const times = this.table.egress.filter((time) => time != null);
    const low = times.reduce((a, b) => Math.min(a, b), Infinity);
    const high = times.reduce((a, b) => Math.max(a, b), -Infinity);
    return high > low ? [low, high] : [low - 1, low + 1];
  }

  /** How long the latest stage took that an STF has reached. */
  total(at) {
    return this.table.reached.reduce((most, stage) => Math.max(most, stage[at] ?? 0), 0);
  }

  draw() {
    if (!this.table) return;
    this.home.dataset.stfs = this.table.name.length;
    if (!this.table.egress.some((time) => time != null)) return;
    const width = this.home.clientWidth - 24;
    const ratio = devicePixelRatio || 1;
    Object.assign(this.canvas, { width: width * ratio, height: HEIGHT * ratio });
    const context = this.canvas.getContext('2d');
    context.scale(ratio, ratio);
    const shown = this.shown();
    const [low, high] = this.extent();
    const most = 1.05 * shown.reduce((highest, at) => Math.max(highest, this.total(at)), 0.5);
    const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    const column = Math.max(1, Math.min(WIDEST, (inner.width / Math.max(1, shown.length)) * 0.8));
    this.scale = {
      low, high, column,
      x: (time) => MARGIN.left + column / 2 + ((time - low) / (high - low)) * (inner.width - column),
      y: (late) => MARGIN.top + inner.height * (1 - late / most),
      time: (x) => low + ((x - MARGIN.left - column / 2) / (inner.width - column)) * (high - low),
    };
    this.axes(context, inner, most);
    this.columns(context, shown);
    if (this.drag) {
      context.fillStyle = this.colour('--accent');
      context.globalAlpha = 0.2;
      context.fillRect(this.drag.from, MARGIN.top, this.drag.to - this.drag.from, inner.height);
      context.globalAlpha = 1;
    }
  }

  colour(name) {
    if (!this.colours.has(name)) this.colours.set(name, resolved(name));
    return this.colours.get(name);
  }

  axes(context, inner, most) {
    const { low, high, x, y } = this.scale;
    Object.assign(context, { font: '11px system-ui, sans-serif', fillStyle: this.colour('--quiet'), strokeStyle: this.colour('--line') });
    Object.assign(context, { textAlign: 'right', textBaseline: 'middle' });
    const up = step(most, inner.height, SPACE_Y);
    for (let late = 0; late <= most; late += up) {
      context.fillText(`${Number(late.toFixed(1))} s`, MARGIN.left - 8, y(late));
      context.fillRect(MARGIN.left - 4, Math.round(y(late)), 4, 1);
      context.beginPath();
      context.moveTo(MARGIN.left, Math.round(y(late)) + 0.5);
      context.lineTo(MARGIN.left + inner.width, Math.round(y(late)) + 0.5);
      context.stroke();
    }
    Object.assign(context, { textAlign: 'center', textBaseline: 'top' });
    const across = step(high - low, inner.width, SPACE_X);
    for (let time = Math.ceil(low / across) * across; time <= high; time += across) {
      const place = Math.min(Math.max(x(time), MARGIN.left + 20), MARGIN.left + inner.width - 24);
      context.fillText(clock(time), place, HEIGHT - MARGIN.bottom + 6);
    }
  }

  columns(context, shown) {
    const { x, y, column } = this.scale;
    const { egress, reached } = this.table;
    // The last stage first: what lies below is painted over it.
    for (let stage = reached.length - 1; stage >= 0; stage -= 1) {
      context.fillStyle = this.colour(`--stage-${stage + 1}`);
      for (const at of shown) {
        const late = reached[stage][at];
        if (late != null && late > 0) context.fillRect(x(egress[at]) - column / 2, y(late), column, y(0) - y(late));
      }
    }
    if (this.chosen != null && shown.includes(this.chosen)) {
      context.strokeStyle = this.colour('--ink');
      context.lineWidth = 1.5;
      const top = y(this.total(this.chosen));
      context.strokeRect(x(egress[this.chosen]) - column / 2 - 1.5, top - 1.5, column + 3, y(0) - top + 3);
    }
  }

  point(event) {
    if (!this.table || !this.scale) return;
    if (this.drag) {
      this.drag.to = event.offsetX;
      this.draw();
      return;
    }
    this.choose(this.nearest(this.scale.time(event.offsetX)));
  }

  nearest(time) {
    const { egress } = this.table;
    let best = null;
    for (const at of this.shown()) {
      if (best == null || Math.abs(egress[at] - time) < Math.abs(egress[best] - time)) best = at;
    }
    return best;
  }

  release() {
    const { from, to } = this.drag ?? { from: 0, to: 0 };
    this.drag = null;
    if (Math.abs(to - from) > 6) {
      this.zoom([this.scale.time(Math.min(from, to)), this.scale.time(Math.max(from, to))]);
    } else this.draw();
  }

  zoom(range) {
    const before = this.range;
    this.range = range;
    if (range && !this.shown().length) this.range = before;
    this.whole.hidden = this.range == null;
    this.draw();
  }

  key(event) {
    const way = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === 'Escape') this.zoom(null);
    if (!way || !this.table) return;
    event.preventDefault();
    const shown = this.shown();
    const now = shown.indexOf(this.chosen);
    const next = now < 0 && Number.isFinite(way) ? (way > 0 ? 0 : shown.length - 1) : now + way;
    this.choose(shown[Math.min(Math.max(next, 0), shown.length - 1)] ?? null);
  }

  choose(at) {
    if (at === this.chosen) return;
    this.chosen = at;
    if (at == null) {
      this.told.textContent = 'Point at an STF, or use the arrow keys; drag to zoom.';
    } else {
      const { name, egress, stages, reached, slices, plotted } = this.table;
      const ways = stages.map((stage, number) => `${stage} ${seconds(reached[number][at])}`).join(' · ');
      this.told.textContent = `${name[at]} · egress ${clock(egress[at])} · ${ways} · ${plotted[at]} of ${slices[at]} slices in the plots`;
    }
    this.draw();
  }
}

const home = document.querySelector('#timeline');
if (home) new Timeline(home);
