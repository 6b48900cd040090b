// The histograms of one subsystem, drawn by JSROOT, and drawn again when the merger says that they changed.
// A drawing is updated in place: zoom, logarithmic scale and whatever else its reader set stays.

import { addColor } from '../vendor/jsroot/modules/base/colors.mjs';
import { createHistogram, gStyle, settings } from '../vendor/jsroot/modules/core.mjs';
import { TH1Painter } from '../vendor/jsroot/modules/hist2d/TH1Painter.mjs';

const PERIOD_MS = 500;
const PIXEL_FONT = 43;
const AXIS = {
  fLabelFont: PIXEL_FONT, fLabelSize: 11, fLabelOffset: 0.012, fTitleFont: PIXEL_FONT, fTitleSize: 11, fTitleOffset: 1,
  fTickLength: 0.02, fNdivisions: 505,
};

// Colours follow the page's theme without drawing again; 1 is ROOT's black, of axes and text.
addColor('var(--plot-ink)', undefined, 1);
const PAPER = addColor('var(--plot-paper)');
const LINE = addColor('var(--plot-line)');
const FILL = addColor('var(--plot-fill)');
const SECOND = addColor('var(--plot-second)');

Object.assign(settings, { ToolBar: false, ProgressBox: false, HandleKeys: false, ZoomWheel: false, CanEnlarge: false });
Object.assign(gStyle, {
  fOptStat: 0, fOptTitle: 0, fPadTickX: 1, fPadTickY: 1, fHistMinimumZero: true, fAxisMaxDigits: 6,
  fCanvasColor: PAPER, fPadColor: PAPER, fFrameFillColor: PAPER,
  fPadLeftMargin: 0.16, fPadRightMargin: 0.03, fPadTopMargin: 0.08, fPadBottomMargin: 0.2,
});

/** A ROOT histogram from the `content` that `GET /api/histograms/?format=root` answers. */
export function rootHistogram(name, said) {
  const flat = said.kind !== 'TH2D';
  const histogram = flat ? createHistogram('TH1D', said.nbins) : createHistogram('TH2D', said.nbins, said.ynbins);
  histogram.fArray.set(said.contents.slice(0, histogram.fArray.length));
  histogram.fEntries = said.entries;
  // The page writes the title; JSROOT would read it as LaTeX.
  Object.assign(histogram, { fName: name, fTitle: '', fLineColor: LINE, fFillColor: FILL, fFillStyle: 1001 });
  Object.assign(histogram.fXaxis, AXIS, {
    fXmin: said.xmin, fXmax: said.xmax, fTitle: said.xtitle, fTitleOffset: 1.5,
  });
  Object.assign(histogram.fYaxis, AXIS, { fTitle: said.ytitle, fTitleOffset: 1.9, fMaxDigits: 4 });
  if (!flat) {
    Object.assign(histogram.fYaxis, { fXmin: said.ymin, fXmax: said.ymax });
    Object.assign(histogram.fZaxis, AXIS);
  }
  return histogram;
}

/** A histogram to compare with, as a line over another. */
function rootReference(name, said) {
  return Object.assign(rootHistogram(`${name} reference`, said), { fLineColor: SECOND, fLineStyle: 2, fFillStyle: 0 });
}

/** How each kind is drawn; the painter of two dimensions is loaded when there is one. */
const KINDS = {
  TH1D: { painter: async () => TH1Painter, option: 'hist', logarithm: 'logy', switch: 'fLogy' },
  TH2D: {
    painter: async () => (await import('../vendor/jsroot/modules/hist2d/TH2Painter.mjs')).TH2Painter,
    option: 'colz', logarithm: 'logz', switch: 'fLogz',
  },
};

/** One drawing in the page. */
class Plot {
  constructor(home) {
    this.figure = document.createElement('figure');
    this.caption = document.createElement('span');
    this.told = document.createElement('span');
    this.told.className = 'quiet';
    const head = document.createElement('figcaption');
    head.append(this.caption, this.told);
    this.frame = document.createElement('div');
    this.frame.className = 'plot';
    this.figure.append(head, this.frame);
    home.append(this.figure);
    this.painter = null;
    this.reference = null;
  }

  /** Draw, or draw anew, what the server says; `reference` is a content like `content`, of the same kind. */
  async show({ name, content, problem, reference }, prefix, logarithmic) {
    this.figure.dataset.name = name;
    if (!content) {
      this.caption.textContent = name;
      this.told.textContent = `cannot be drawn: ${problem}`;
      return;
    }
    this.describe(content, prefix);
    const histogram = rootHistogram(name, content);
    if (this.painter) this.painter.updateObject(histogram);
    else await this.begin(histogram, content.kind, logarithmic);
    if (reference && content.kind === 'TH1D') await this.compare(rootReference(name, reference));
    await this.painter.redrawPad();
  }

  describe(content, prefix) {
    // Only counts have a sum worth telling; means of frames have none.
    const counts = content.contents.every(Number.isInteger);
    const entries = counts ? `${content.entries.toLocaleString('en')} ${content.ztitle ?? content.ytitle}` : '';
    const title = content.title.startsWith(prefix) ? content.title.slice(prefix.length) : content.title;
    this.caption.textContent = title;
    this.told.textContent = entries;
    this.figure.dataset.entries = content.entries;
    this.frame.setAttribute('role', 'img');
    this.frame.setAttribute('aria-label', `${title} ${entries}`);
  }

  async begin(histogram, kind, logarithmic) {
    this.kind = KINDS[kind];
    const painter = await this.kind.painter();
    const { option, logarithm } = this.kind;
    this.painter = await painter.draw(this.frame, histogram, logarithmic ? `${option} ${logarithm}` : option);
    new ResizeObserver(() => this.frame.clientWidth && this.painter.checkResize()).observe(this.frame);
  }

  async compare(histogram) {
    if (this.reference) this.reference.updateObject(histogram);
    else this.reference = await TH1Painter.draw(this.frame, histogram, 'hist same');
  }

  async setLogarithmic(on) {
    if (!this.painter) return;
    this.painter.getPadPainter().getRootPad()[this.kind.switch] = on ? 1 : 0;
    await this.painter.redrawPad();
  }
}

/** All histograms of a subsystem below `home` (see the run page's template for its data attributes). */
class Board {
  constructor(home) {
    this.home = home;
    this.plots = new Map();
    this.order = home.dataset.order.split(' ');
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
        await this.draw((await answer.json()).results);
      } catch (problem) {
        console.warn('plots not updated:', problem.message);
      }
      await pause;
    }
    this.busy = false;
  }

  /** Whether a `histograms_updated` message is about what is shown; it may not say. */
  concerns({ products }) {
    return !products || !Object.keys(products).length || this.home.dataset.subsystem in products;
  }

  async draw(histograms) {
    const place = (name) => (this.order.indexOf(name) + this.order.length + 1) % (this.order.length + 1);
    histograms.sort((a, b) => place(a.name) - place(b.name));
    if (histograms.length) this.home.querySelector('.empty')?.remove();
    for (const said of histograms) {
      if (!this.plots.has(said.name)) this.plots.set(said.name, new Plot(this.home));
      await this.plots.get(said.name).show(said, this.home.dataset.prefix, this.logarithmic);
    }
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
  const press = (on) => button.setAttribute('aria-pressed', on);
  press(board.logarithmic);
  button.hidden = false;
  button.addEventListener('click', () => {
    press(!board.logarithmic);
    board.setLogarithmic(!board.logarithmic);
  });
  document.addEventListener('swf:message', ({ detail }) => {
    if (detail.type === 'histograms_updated' && board.concerns(JSON.parse(detail.data))) board.update();
  });
  document.addEventListener('swf:connected', () => board.update());
  document.addEventListener('visibilitychange', () => { if (board.dirty) board.update(); });
  return board.update();
}
