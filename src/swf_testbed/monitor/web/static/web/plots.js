// The histograms below one place of a page, drawn again when the merger says that they changed.

import { Plot } from './plot.js';

const PERIOD_MS = 500;

/** A row of `GET /api/histograms/?format=root` as `Plot.show` wants it. */
function figureOf({ run_number: run, subsystem, name, content, problem, reference }) {
  const others = reference ? [{ label: 'reference', content: reference }] : [];
  return { subsystem, name, series: [{ label: `run ${run}`, source: String(run), content, problem }, ...others], scale: false };
}

/** Each series of a figure by itself, with those that are marked `over` drawn over every one. */
function apart(figure) {
  const over = figure.series.filter((one) => one.over);
  return figure.series.filter((one) => !one.over).map((one) => ({ ...figure, series: [one, ...over], key: one.source }));
}

/** All histograms below `home`, whose data attributes say which: see the templates of the run and of a subsystem. */
class Board {
  constructor(home) {
    this.home = home;
    this.plots = new Map();
    this.order = home.dataset.order.split(' ');
    this.side = home.dataset.show === 'side';
    this.looks = { ratios: home.dataset.show === 'ratio', tags: this.side, files: home.dataset.files };
    this.logarithmic = new URL(location.href).searchParams.get('scale') === 'log';
    this.busy = false;
    this.dirty = false;
  }

  async update() {
    this.dirty = true;
    if (this.busy || document.hidden) return;
    this.busy = true;
    while (this.dirty) {
      this.dirty = false;
      const pause = new Promise((done) => { setTimeout(done, PERIOD_MS); });
      try {
        const answer = await fetch(this.home.dataset.source);
        if (!answer.ok) throw new Error(`histograms: ${answer.status}`);
        const told = await answer.json();
        await this.draw(told.figures ?? told.results.map(figureOf));
      } catch (problem) {
        console.warn('plots not updated:', problem.message);
      }
      await pause;
    }
    this.busy = false;
  }

  /** Whether a `histograms_updated` message is about what is shown; it may not say. */
  concerns({ products }) {
    const subsystems = this.home.dataset.subsystem?.split(' ') ?? [];
    return !products || !Object.keys(products).length || subsystems.some((one) => one in products);
  }

  async draw(figures) {
    const place = ({ name }) => (this.order.indexOf(name) + this.order.length + 1) % (this.order.length + 1);
    if (this.order[0]) figures.sort((a, b) => place(a) - place(b));
    if (figures.length) this.home.querySelector('.empty')?.remove();
    for (const figure of this.side ? figures.flatMap(apart) : figures) {
      if ('cells' in this.home.dataset && this.homeOf(figure) === this.home) continue;
      const key = `${figure.subsystem} ${figure.name} ${figure.key ?? ''}`;
      if (!this.plots.has(key)) this.plots.set(key, new Plot(this.homeOf(figure), this.looks));
      await this.plots.get(key).show(figure, this.home.dataset.prefix ?? '', this.logarithmic);
    }
    this.home.dataset.drawn = Number(this.home.dataset.drawn ?? 0) + 1;
  }

  /** Where a figure goes: a cell that asks for it, else at the end. */
  homeOf({ subsystem, name }) {
    return this.home.querySelector(`[data-cell="${CSS.escape(`${subsystem}.${name}`)}"]`) ?? this.home;
  }

  async setLogarithmic(on) {
    this.logarithmic = on;
    const url = new URL(location.href);
    if (on) url.searchParams.set('scale', 'log'); else url.searchParams.delete('scale');
    history.replaceState(null, '', url);
    await Promise.all([...this.plots.values()].map((plot) => plot.setLogarithmic(on)));
  }
}

/** Draw, and keep up with the stream. */
export function start(home, button) {
  const board = new Board(home);
  if (button) {
    const press = (on) => button.setAttribute('aria-pressed', on);
    press(board.logarithmic);
    button.hidden = false;
    button.addEventListener('click', () => {
      press(!board.logarithmic);
      board.setLogarithmic(!board.logarithmic);
    });
  }
  document.addEventListener('swf:message', ({ detail }) => {
    if (detail.type === 'histograms_updated' && board.concerns(JSON.parse(detail.data))) board.update();
  });
  document.addEventListener('swf:connected', () => board.update());
  document.addEventListener('visibilitychange', () => { if (board.dirty) board.update(); });
  return board.update();
}
