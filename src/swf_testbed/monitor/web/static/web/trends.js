// Rates and latencies against time, or figures from run to run, drawn by uPlot from the table that the server puts
// into the page.

import uPlot from '../vendor/uplot/dist/uPlot.esm.js';

import { clock, resolved } from './drawing.js';

const HEIGHT = 172;
const STEPS = [1, 2, 5, 10, 20, 50];

/** What the horizontal axis is: time from zero upwards, or one place for each of `points`, as close as can be. */
function across({ points }) {
  const from = (_, low, high) => [0, high > 0 ? high * 1.08 : 1];
  if (!points) return { says: clock, scales: { y: { range: from } } };
  const says = (place) => points[place] ?? '';
  return { says, scales: { x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] } }, incrs: STEPS };
}

function options(home, data) {
  const { says, scales, incrs } = across(data);
  const ink = resolved('--quiet');
  const grid = { stroke: resolved('--line'), width: 1 };
  const axis = { stroke: ink, grid, ticks: { ...grid, size: 4 }, font: '11px system-ui, sans-serif' };
  const colours = ['--plot-line', '--plot-second', '--good', '--plot-fourth', '--bad', '--quiet'].map(resolved);
  const value = (_, number) => (number == null ? '–' : `${number.toPrecision(3)} ${data.unit}`);
  return {
    width: home.clientWidth - 12,
    height: HEIGHT,
    padding: [8, 26, 0, 0],
    cursor: { drag: { x: true, y: false } },
    scales,
    axes: [
      { ...axis, space: 80, size: 28, ...(incrs && { incrs }), values: (_, splits) => splits.map(says) },
      { ...axis, size: data.points ? 60 : 46 },
    ],
    series: [
      { label: data.points ? 'run' : 'time', value: (_, place) => (place == null ? '–' : says(place)) },
      ...data.series.map(({ label }, index) => ({
        label, value, stroke: colours[index], width: 1.5, spanGaps: true, points: { show: 'points' in data, size: 6 },
      })),
    ],
  };
}

/** One trend below `home`, whose data stand in the page under `data-table` as JSON. */
class Trend {
  constructor(home) {
    this.home = home;
    new ResizeObserver(() => this.chart?.setSize({ width: home.clientWidth - 12, height: HEIGHT })).observe(home);
    document.addEventListener('swf:refreshed', () => this.update());
    document.addEventListener('swf:theme', () => { this.chart?.destroy(); this.chart = null; this.update(); });
    this.update();
  }

  update() {
    const table = JSON.parse(document.getElementById(this.home.dataset.table).textContent);
    const columns = [table.time, ...table.series.map((series) => series.values)];
    this.home.dataset.points = table.time.length;
    if (!table.time.length) return;
    this.home.querySelector('.empty')?.remove();
    const grown = this.chart && String(table.points) !== this.said;
    this.said = String(table.points);
    if (grown) { this.chart.destroy(); this.chart = null; }
    if (this.chart) this.chart.setData(columns);
    else this.chart = new uPlot(options(this.home, table), columns, this.home);
  }
}

/** Draw all trends of the page. */
export function start(homes) {
  for (const home of homes) new Trend(home);
}
