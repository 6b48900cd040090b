// Arranging plots: moved, resized, added and taken away, by keyboard, pointer or buttons. What is seen stands in the
// address, and in the form that keeps it.

const MOST = { width: 6, height: 4 };
const home = document.querySelector('#plots');
const toggle = document.querySelector('#arrange');
const adding = document.querySelector('#adding');
const columns = document.querySelector('#columns');
const keeping = document.querySelector('#keeping');
const said = document.querySelector('#said');

const cells = () => [...home.querySelectorAll('.cell')];
const titleOf = (cell) => cell.getAttribute('aria-label');

function textOf(cell) {
  const { cell: key, width, height } = cell.dataset;
  return `${key}.${width}x${height}`;
}

/** Write what is seen into the address and the form. */
function remember(changed = true) {
  const url = new URL(location.href);
  const text = cells().map(textOf).join(',');
  url.searchParams.set('cells', text);
  url.searchParams.set('columns', columns.value);
  if (toggle.getAttribute('aria-pressed') === 'true') url.searchParams.set('arrange', '1');
  else url.searchParams.delete('arrange');
  history.replaceState(null, '', url);
  if (keeping) [keeping.elements.cells.value, keeping.elements.columns.value] = [text, columns.value];
  if (changed) document.querySelector('#unkept').hidden = false;
}

function tell(cell) {
  const all = cells();
  said.textContent = `${titleOf(cell)}: place ${all.indexOf(cell) + 1} of ${all.length}, ${cell.dataset.width} wide, ${cell.dataset.height} high`;
}

function settle(cell) {
  remember();
  tell(cell);
}

function move(cell, steps) {
  const all = cells();
  const to = all.indexOf(cell) + steps;
  if (to < 0 || to >= all.length) return;
  const other = all[to];
  const focused = document.activeElement;
  if (steps > 0) other.after(cell); else other.before(cell);
  focused?.focus();
  settle(cell);
}

function resize(cell, side, steps) {
  const most = side === 'width' ? Math.min(MOST.width, Number(columns.value)) : MOST.height;
  cell.dataset[side] = Math.min(most, Math.max(1, Number(cell.dataset[side]) + steps));
  cell.style.setProperty(side === 'width' ? '--wide' : '--high', cell.dataset[side]);
  settle(cell);
}

function remove(cell) {
  const all = cells();
  const next = all[all.indexOf(cell) + 1] ?? all[all.indexOf(cell) - 1];
  const title = titleOf(cell);
  cell.remove();
  next?.querySelector('.grip')?.focus();
  remember();
  said.textContent = `${title} is taken away`;
}

const KEYS = {
  ArrowLeft: (cell) => move(cell, -1),
  ArrowRight: (cell) => move(cell, 1),
  ArrowUp: (cell) => move(cell, -Number(columns.value)),
  ArrowDown: (cell) => move(cell, Number(columns.value)),
  'shift ArrowLeft': (cell) => resize(cell, 'width', -1),
  'shift ArrowRight': (cell) => resize(cell, 'width', 1),
  'shift ArrowUp': (cell) => resize(cell, 'height', -1),
  'shift ArrowDown': (cell) => resize(cell, 'height', 1),
  Delete: remove,
};

const BUTTONS = [
  ['←', 'earlier', KEYS.ArrowLeft], ['→', 'later', KEYS.ArrowRight], ['↔ +', 'wider', KEYS['shift ArrowRight']],
  ['↔ −', 'narrower', KEYS['shift ArrowLeft']], ['↕ +', 'higher', KEYS['shift ArrowDown']], ['↕ −', 'lower', KEYS['shift ArrowUp']],
  ['×', 'take away', KEYS.Delete],
];

/** What a plot has while it is arranged. */
function handle(cell) {
  const bar = document.createElement('div');
  bar.className = 'handle';
  const grip = document.createElement('button');
  Object.assign(grip, { type: 'button', className: 'grip', textContent: '⠿', title: 'arrow keys move, shift resizes, Delete takes away' });
  grip.setAttribute('aria-label', `Arrange ${titleOf(cell)}`);
  grip.setAttribute('aria-describedby', 'arranging-help');
  grip.addEventListener('keydown', (event) => {
    const act = KEYS[(event.shiftKey ? 'shift ' : '') + event.key];
    if (!act) return;
    event.preventDefault();
    act(cell);
  });
  bar.append(grip, ...BUTTONS.map(([sign, word, act]) => {
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', textContent: sign, title: word });
    button.setAttribute('aria-label', `${titleOf(cell)}: ${word}`);
    button.addEventListener('click', () => act(cell));
    return button;
  }));
  return bar;
}

function drag(cell) {
  cell.addEventListener('dragstart', (event) => {
    event.dataTransfer.setData('text/plain', cell.dataset.cell);
    event.dataTransfer.effectAllowed = 'move';
  });
  cell.addEventListener('dragover', (event) => event.preventDefault());
  cell.addEventListener('drop', (event) => {
    event.preventDefault();
    const moved = home.querySelector(`[data-cell="${CSS.escape(event.dataTransfer.getData('text/plain'))}"]`);
    const all = cells();
    if (moved && moved !== cell) move(moved, all.indexOf(cell) - all.indexOf(moved));
  });
}

function arrange(on) {
  toggle.setAttribute('aria-pressed', on);
  adding.hidden = !on;
  document.querySelector('#arranging-help').hidden = !on;
  for (const cell of cells()) {
    cell.draggable = on;
    cell.querySelector('.handle')?.remove();
    if (on) cell.prepend(handle(cell));
  }
}

cells().forEach(drag);
toggle.addEventListener('click', () => { arrange(toggle.getAttribute('aria-pressed') !== 'true'); remember(false); });
columns.addEventListener('change', () => {
  home.style.setProperty('--columns', columns.value);
  remember();
});
adding.addEventListener('submit', (event) => {
  event.preventDefault();
  const { subsystem, name } = adding.elements;
  const key = `${subsystem.value}.${name.value}`;
  if (cells().some((cell) => cell.dataset.cell === key)) {
    said.textContent = 'It is there already.';
    return;
  }
  const url = new URL(location.href);
  url.searchParams.set('cells', [...cells().map(textOf), `${key}.1x1`].join(','));
  url.searchParams.set('columns', columns.value);
  url.searchParams.set('arrange', '1');
  // The server knows what is drawn there, and where its numbers come from.
  location.replace(url);
});
if (new URL(location.href).searchParams.get('arrange') === '1') arrange(true);
