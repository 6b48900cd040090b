// Pages of plots: their scripts are loaded apart, so that the page works where they have not been gathered.

const missing = document.querySelector('#not-gathered');

try {
  const { start } = await import('./plots.js');
  await Promise.all([...document.querySelectorAll('.plots')].map((home) => start(home, document.querySelector('#log-scale'))));
} catch (problem) {
  missing.hidden = false;
  console.warn('no plots:', problem.message);
}
