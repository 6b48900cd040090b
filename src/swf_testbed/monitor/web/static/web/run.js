// The run page: its plots are loaded apart, so that the page works where they have not been gathered.

const board = document.querySelector('#plots');
const missing = document.querySelector('#not-gathered');

try {
  const [plots, trends] = await Promise.all([import('./plots.js'), import('./trends.js')]);
  trends.start(document.querySelectorAll('.trend'));
  await plots.start(board, document.querySelector('#log-scale'));
} catch (problem) {
  missing.hidden = false;
  console.warn('no plots:', problem.message);
}
