// Replay: the run's events are fetched once; how things were at a moment is computed here.

import { at, before, decode } from './replay_data.js';
import { Band, SliceMap } from './replay_draw.js';

const find = (id) => document.getElementById(id);
const panel = find('replay');
const slider = find('slider');
const problem = find('replay-problem');
const ROWS = 40;
const LINE_MS = 100;

const whole = new Intl.NumberFormat('en', { useGrouping: true });
const count = (value) => whole.format(value).replaceAll(',', '\u202f');

/** A duration: `9.73 s`, `4 min 05 s`, `2 h 07 min 05 s`. */
function seconds(ms) {
  if (ms === null) return '–';
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)}\u00a0s`;
  const passed = Math.floor(ms / 1000);
  const two = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(passed / 3600);
  const minutes = Math.floor(passed / 60) % 60;
  return `${hours ? `${hours} h ${two(minutes)}` : minutes} min ${two(passed % 60)} s`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 1, timeZoneName: 'short',
});
const DAY = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short' });

function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${value.toPrecision(3).replace(/\.?0+$/, '')}\u00a0${units[unit]}`;
}

const FIGURES = [
  ['egress', 'STFs written', (then) => count(then.egress), (then) => `${count(then.registered)} registered, ${size(then.bytes)}`],
  ['samples', 'TF samples', (then) => count(then.samples), () => ''],
  ['queued', 'Slices', (then) => count(then.queued), () => 'cut by then'],
  ['waiting', 'Waiting', (then) => count(then.waiting), () => ''],
  ['working', 'In work', (then) => count(then.working), (then) => (then.workers ? `${count(then.workers)} workers there` : '')],
  ['completed', 'Finished', (then) => count(then.completed), (then) => `${count(then.failed)} failed`],
  ['plotted', 'In the plots', (then) => count(then.plotted), () => ''],
  ['latency', 'Egress to plot', (then) => seconds(then.p95), (then) => `p95; median ${seconds(then.p50)}`],
];

function figures() {
  return FIGURES.map(([name, title, value, note]) => {
    const box = document.createElement('div');
    const [term, number, small] = ['dt', 'dd', 'dd'].map((tag) => document.createElement(tag));
    term.textContent = title;
    number.dataset.figure = name;
    small.className = 'note';
    box.append(term, number, small);
    find('figures').append(box);
    return (then) => { number.textContent = value(then); small.textContent = note(then); };
  });
}

function link(address, name, text) {
  const made = document.createElement('a');
  made.href = address.replace('NAME', name.split('/').map(encodeURIComponent).join('/'));
  made.textContent = text;
  return made;
}

function line(...contents) {
  const made = document.createElement('tr');
  contents.forEach((content, i) => {
    const cell = document.createElement(i ? 'td' : 'th');
    if (!i) cell.scope = 'row';
    cell.append(content);
    made.append(cell);
  });
  return made;
}

class Replay {
  constructor(run) {
    this.run = run;
    this.t = 0;
    this.playing = false;
    this.band = new Band(find('band'), run);
    this.map = new SliceMap(find('map'), run);
    this.figures = figures();
    this.listed = -Infinity;
    slider.max = run.length;
    slider.step = Math.max(1, Math.min(100, Math.round(run.length / 1000)));
    this.listen();
  }

  listen() {
    slider.addEventListener('input', () => { this.pause(); this.show(Number(slider.value)); });
    slider.addEventListener('change', () => this.remember());
    find('play').addEventListener('click', () => (this.playing ? this.pause() : this.play()));
    find('before').addEventListener('click', () => this.step(-1));
    find('next').addEventListener('click', () => this.step(1));
    const band = find('band');
    const drag = (event) => {
      const box = band.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      this.pause();
      this.show(share * this.run.length);
    };
    band.addEventListener('pointerdown', (event) => { band.setPointerCapture(event.pointerId); drag(event); });
    band.addEventListener('pointermove', (event) => { if (event.buttons) drag(event); });
    band.addEventListener('pointerup', () => this.remember());
    const redraw = () => { this.band.redraw(); this.map.redraw(); this.show(this.t); };
    document.addEventListener('swf:theme', redraw);
    addEventListener('resize', redraw);
  }

  /** To the change of state before (-1) or after (1) this moment. */
  step(way) {
    const { states } = this.run.times;
    const here = before(states, this.t);
    const target = way > 0 ? states[here] : states[before(states, this.t - 1) - 1];
    this.pause();
    this.show(target ?? (way > 0 ? this.run.length : 0));
    this.remember();
  }

  play() {
    if (this.t >= this.run.length) this.t = 0;
    this.playing = true;
    this.button();
    let last = null;
    const frame = (now) => {
      if (!this.playing) return;
      if (last !== null) this.show(Math.min(this.run.length, this.t + (now - last) * Number(find('speed').value)));
      last = now;
      if (this.t >= this.run.length) { this.pause(); return; }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.button();
    this.remember();
  }

  button() {
    find('play').textContent = this.playing ? 'Pause' : 'Play';
    find('play').setAttribute('aria-pressed', String(this.playing));
  }

  /** The address leads to this moment. */
  remember() {
    const url = new URL(location.href);
    url.searchParams.set('t', new Date(this.run.start + this.t).toISOString());
    history.replaceState(null, '', url);
  }

  show(t) {
    this.t = t;
    const then = at(this.run, t);
    const when = new Date(this.run.start + t);
    const state = then.state ? [then.state.state, then.state.substate].filter(Boolean).join('/') : 'before the run';
    slider.value = t;
    slider.setAttribute('aria-valuetext', `${seconds(t)} after the beginning, ${state}`);
    const moment = find('moment');
    moment.textContent = `${DAY.format(when)} ${CLOCK.format(when)}`;
    moment.dateTime = when.toISOString();
    moment.title = when.toISOString().replace('T', ' ').replace('Z', ' UTC');
    find('elapsed').textContent = `${seconds(t)} of ${seconds(this.run.length)}`;
    find('state-then').textContent = state;
    this.figures.forEach((update) => update(then));
    this.band.show(t);
    this.map.show(t);
    find('map').setAttribute('aria-label', `${count(then.waiting)} slices waiting, ${count(then.working)} in work, `
      + `${count(then.completed)} finished, ${count(then.plotted)} in the plots, ${count(then.failed)} failed`);
    this.list(t, then);
  }

  /** The tables are made anew a few times a second at most: nobody reads faster. */
  list(t, then) {
    const now = performance.now();
    clearTimeout(this.later);
    if (now - this.listed < LINE_MS) {
      this.later = setTimeout(() => this.list(t, then), LINE_MS);
      return;
    }
    this.listed = now;
    const work = this.run.slices.filter((one) => one.started <= t && t < one.done);
    find('work-count').textContent = work.length ? count(work.length) : 'none';
    find('idle').hidden = work.length > 0;
    find('work').replaceChildren(...work.slice(0, ROWS).map((one) => {
      const made = line(link(panel.dataset.slice, one.name, one.name), one.worker, seconds(t - one.started));
      made.lastChild.className = 'number';
      return made;
    }));
    const happened = this.run.happened.slice(Math.max(0, then.happened - ROWS), then.happened).reverse();
    find('happened').replaceChildren(...happened.map((one) => line(
      seconds(one.t), one.type, one.stf ? link(panel.dataset.stf, one.stf, one.stf) : one.what)));
  }
}

function begin(run) {
  const said = new URL(location.href).searchParams.get('t');
  const asked = said === null ? NaN : Date.parse(said) - run.start;
  return Number.isNaN(asked) ? run.length : Math.min(run.length, Math.max(0, asked));
}

try {
  const answer = await fetch(panel.dataset.source);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const run = decode(await answer.json());
  panel.hidden = false;
  find('then').hidden = false;
  problem.hidden = !run.leftOut.length;
  problem.textContent = `This run is too long to be replayed whole; left out are later ${run.leftOut.join(', ')}.`;
  new Replay(run).show(begin(run));
} catch (error) {
  problem.textContent = `This run cannot be replayed: ${error.message}`;
  throw error;
}
