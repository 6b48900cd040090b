// Pages of plots: their scripts are loaded apart, so that the page works where they have not been gathered.

const missing = document.querySelector('#not-gathered');

try {
  const trend = document.querySelectorAll('.trend');
  const [{ start }, trends] = await Promise.all([import('./plots.js'), trend.length ? import('./trends.js') : null]);
  trends?.start(trend);
  await Promise.all([...document.querySelectorAll('.plots')].map((home) => start(home, document.querySelector('#log-scale'))));
} catch (problem) {
  missing.hidden = false;
  console.warn('no plots:', problem.message);
}
