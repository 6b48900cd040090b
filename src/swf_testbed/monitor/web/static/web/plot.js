// One figure, drawn by JSROOT: a histogram, others over it, or the ratios to it. It is updated in place: zoom,
// logarithmic scale and whatever else its reader set stays.

import { addColor } from '../vendor/jsroot/modules/base/colors.mjs';
import { createHistogram, gStyle, settings } from '../vendor/jsroot/modules/core.mjs';
import { TH1Painter } from '../vendor/jsroot/modules/hist2d/TH1Painter.mjs';

import { fileMenu } from './plot_files.js';

const PIXEL_FONT = 43;
const TYPE = Number(getComputedStyle(document.body).getPropertyValue('--plot-type')) || 11;
const ENOUGH = 40;
const AXIS = {
  fLabelFont: PIXEL_FONT, fLabelSize: TYPE, fLabelOffset: 0.012, fTitleFont: PIXEL_FONT, fTitleSize: TYPE, fTitleOffset: 1,
  fTickLength: 0.02, fNdivisions: 505,
};

// Colours follow the page's theme without drawing again; 1 is ROOT's black, of axes and text.
addColor('var(--plot-ink)', undefined, 1);
const PAPER = addColor('var(--plot-paper)');
const LINE = addColor('var(--plot-line)');
const FILL = addColor('var(--plot-fill)');
const OTHERS = ['--plot-second', '--plot-third', '--plot-fourth'].map((name) => addColor(`var(${name})`));

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

/** A histogram as a line over another; its place among the others gives it a colour. */
function rootLine(name, said, place) {
  const look = { fLineColor: OTHERS[place % OTHERS.length], fFillStyle: 0 };
  return Object.assign(rootHistogram(`${name} ${place}`, said), look);
}

/** How each kind is drawn; the painter of two dimensions is loaded when there is one. */
const KINDS = {
  TH1D: { painter: async () => TH1Painter, option: 'hist', logarithm: 'logy', switch: 'fLogy' },
  TH2D: {
    painter: async () => (await import('../vendor/jsroot/modules/hist2d/TH2Painter.mjs')).TH2Painter,
    option: 'colz', logarithm: 'logz', switch: 'fLogz',
  },
};

/** Only counts have a sum worth telling, and worth scaling; means of frames have none. */
const isCounted = (said) => said.contents.every(Number.isInteger);

/** Whether bins of two histograms can be set against one another. */
const isAlike = (one, other) => one.kind === 'TH1D' && ['kind', 'nbins', 'xmin', 'xmax'].every((name) => one[name] === other[name]);

/** Another histogram with the contents of the first, if both count; its shape is what is compared. */
function scaled(other, first) {
  if (!isCounted(other) || !isCounted(first) || !other.entries) return other;
  const factor = first.entries / other.entries;
  return { ...other, contents: other.contents.map((value) => value * factor), entries: first.entries };
}

/** One histogram divided by another. Where they count, neighbours are put together until there is enough to compare. */
function ratio(over, under) {
  const least = isCounted(over) && isCounted(under) ? ENOUGH : Number.MIN_VALUE;
  const contents = new Array(over.contents.length).fill(0);
  let [first, above, below] = [1, 0, 0];
  for (let i = 1; i <= over.nbins; i += 1) {
    above += over.contents[i];
    below += under.contents[i];
    if (below >= least) {
      contents.fill(above / below, first, i + 1);
      [first, above, below] = [i + 1, 0, 0];
    }
  }
  // What is left over is too little by itself.
  if (first > 1) contents.fill(contents[first - 1], first, over.nbins + 1);
  return { ...over, contents, ytitle: 'ratio' };
}

/** One drawing in the page. */
export class Plot {
  constructor(home, { ratios = false, tags = false, files = '' } = {}) {
    this.ratios = ratios;
    this.tags = tags;
    this.files = files;
    this.figure = document.createElement('figure');
    this.caption = document.createElement('span');
    this.told = document.createElement('span');
    this.told.className = 'quiet';
    const head = document.createElement('figcaption');
    head.append(this.caption, this.told);
    this.frame = document.createElement('div');
    this.frame.className = 'plot';
    this.figure.append(head, this.frame);
    if (files) head.append(fileMenu(this));
    home.append(this.figure);
    this.painter = null;
    this.lines = [];
  }

  /** Draw, or draw anew. `series` is what is drawn over one another: `label`, `source`, and a `content` as the
   * server writes it for `format=root`, or a `problem`; `scale` sets all to the contents of the first. */
  async show({ subsystem, name, series, scale = true }, prefix, logarithmic) {
    Object.assign(this.figure.dataset, { name, subsystem });
    this.source = series[0].source;
    const [first, ...rest] = series.filter(({ content }) => content);
    if (!first) {
      this.caption.textContent = name;
      this.told.textContent = `cannot be drawn: ${series.find(({ problem }) => problem)?.problem ?? 'there is nothing'}`;
      return;
    }
    this.describe(first, prefix);
    const others = rest.map(({ content }) => content).filter((content) => content.kind === 'TH1D' && first.content.kind === 'TH1D')
      .map((content) => (scale ? scaled(content, first.content) : content));
    const [main, ...lines] = this.ratios ? ratiosOf(first.content, others) : [first.content, ...others];
    await this.draw(name, main, lines, logarithmic);
  }

  async draw(name, main, lines, logarithmic) {
    const histogram = rootHistogram(name, main);
    // The axis has room for all of them: JSROOT looks at the first alone.
    const highest = Math.max(...lines.flatMap(({ contents }) => contents.slice(1, -1)), 0);
    if (highest > Math.max(...main.contents.slice(1, -1))) histogram.fMaximum = 1.06 * highest;
    if (this.ratios && lines.length + 1) Object.assign(histogram, { fMinimum: 0, fMaximum: 2, fFillStyle: 0 });
    if (this.painter) this.painter.updateObject(histogram);
    else await this.begin(histogram, main.kind, logarithmic && !this.ratios);
    for (const [place, line] of lines.entries()) await this.over(rootLine(name, line, place), place);
    await this.painter.redrawPad();
  }

  describe({ content, label }, prefix) {
    const entries = isCounted(content) ? `${content.entries.toLocaleString('en')} ${content.ztitle ?? content.ytitle}` : '';
    const title = content.title.startsWith(prefix) ? content.title.slice(prefix.length) : content.title;
    this.caption.textContent = this.tags ? `${title} · ${label}` : title;
    this.told.textContent = entries;
    this.figure.dataset.entries = content.entries;
    this.frame.setAttribute('role', 'img');
    this.frame.setAttribute('aria-label', `${this.caption.textContent} ${entries}`);
  }

  async begin(histogram, kind, logarithmic) {
    this.kind = KINDS[kind];
    const painter = await this.kind.painter();
    const { option, logarithm } = this.kind;
    this.painter = await painter.draw(this.frame, histogram, logarithmic ? `${option} ${logarithm}` : option);
    new ResizeObserver(() => this.frame.clientWidth && this.painter.checkResize()).observe(this.frame);
  }

  async over(histogram, place) {
    if (this.lines[place]) this.lines[place].updateObject(histogram);
    else this.lines[place] = await TH1Painter.draw(this.frame, histogram, 'hist same');
  }

  async setLogarithmic(on) {
    if (!this.painter || this.ratios) return;
    this.painter.getPadPainter().getRootPad()[this.kind.switch] = on ? 1 : 0;
    await this.painter.redrawPad();
  }
}

/** The first to each of the others; to itself, which is 1, where there is nothing of the same bins. */
function ratiosOf(first, others) {
  const found = others.filter((other) => isAlike(first, other)).map((other) => ratio(first, other));
  return found.length ? found : [ratio(first, first)];
}
