// Rates and latencies against time, drawn by uPlot from the table that the server puts into the page.

import uPlot from '../vendor/uplot/dist/uPlot.esm.js';

import { clock, resolved } from './drawing.js';

const HEIGHT = 172;

function options(home, data) {
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
    scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
    axes: [{ ...axis, space: 80, size: 28, values: (_, splits) => splits.map(clock) }, { ...axis, size: 46 }],
    series: [
      { label: 'time', value: (_, seconds) => (seconds == null ? '–' : clock(seconds)) },
      ...data.series.map(({ label }, index) => ({
        label, value, stroke: colours[index], width: 1.5, spanGaps: true, points: { show: false },
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
    if (this.chart) this.chart.setData(columns);
    else this.chart = new uPlot(options(this.home, table), columns, this.home);
  }
}

/** Draw all trends of the page. */
export function start(homes) {
  for (const home of homes) new Trend(home);
}
