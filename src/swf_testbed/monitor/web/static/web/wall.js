// A screen on the wall: one sheet after another. Space pauses, the arrows turn; else nobody has to touch it.

const { interval, stale } = document.body.dataset;
const sheets = [...document.querySelectorAll('.sheet')];
const age = document.querySelector('#age');
const sign = document.querySelector('#link-state');
const paused = document.querySelector('#paused');
const TICK_MS = 1000;

let shown = Math.max(0, Number(new URL(location.href).searchParams.get('sheet') ?? 1) - 1) % sheets.length;
let left = Number(interval);
let lostAt = null;

function show(number) {
  shown = (number + sheets.length) % sheets.length;
  sheets.forEach((sheet, i) => { sheet.hidden = i !== shown; });
  left = Number(interval);
}

function pause(on) {
  paused.hidden = !on;
}

/** How old the data are, in words, when that is worth knowing. */
function tell() {
  const { plotted, ended } = document.querySelector('#wall-overview').dataset;
  if (sign.dataset.state !== 'live') lostAt ??= Date.now();
  else lostAt = null;
  const since = Math.floor((Date.now() - Date.parse(plotted)) / 1000);
  const words = [];
  if (lostAt) words.push(`no connection for ${Math.floor((Date.now() - lostAt) / 1000)} s: what is shown is old`);
  if (ended) words.push('the run has ended');
  else if (!plotted) words.push('no plots yet');
  else if (since > Number(stale)) words.push(`the data are stale: ${since} s old`);
  age.textContent = words.join('; ');
  document.body.classList.toggle('stale', Boolean(lostAt) || (!ended && plotted !== '' && since > Number(stale)));
}

document.addEventListener('keydown', (event) => {
  const keys = { ' ': () => pause(paused.hidden), ArrowRight: () => show(shown + 1), ArrowLeft: () => show(shown - 1) };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

show(shown);
tell();
setInterval(() => {
  tell();
  if (!paused.hidden) return;
  left -= 1;
  if (left <= 0) show(shown + 1);
}, TICK_MS);
