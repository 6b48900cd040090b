// A figure as a file: a picture made here from what is drawn, or its numbers, which the server writes.

import { resolved } from './drawing.js';

const TWICE = 2;
const NAMED = /var\((--[\w-]+)\)/g;

/** The drawing as a document of its own: with the colours of now, its title, and paper below it. */
function standalone({ frame, caption }) {
  const drawn = frame.querySelector('svg');
  const { width, height } = drawn.getBoundingClientRect();
  const copy = drawn.cloneNode(true);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) copy.setAttribute(name, value);
  const title = document.createElementNS('http://www.w3.org/2000/svg', 'text');
  for (const [name, value] of Object.entries({ x: 6, y: 12, 'font-size': 11, 'font-family': 'sans-serif', fill: 'var(--plot-ink)' })) {
    title.setAttribute(name, value);
  }
  title.textContent = caption.textContent;
  copy.append(title);
  return new XMLSerializer().serializeToString(copy).replace(NAMED, (_, name) => resolved(name));
}

function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function asPng(plot) {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(plot))}`;
  await picture.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [TWICE * picture.width, TWICE * picture.height];
  const paper = canvas.getContext('2d');
  paper.fillStyle = resolved('--plot-paper');
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(done, 'image/png'); });
}

const PICTURES = {
  PNG: asPng,
  SVG: async (plot) => new Blob([standalone(plot)], { type: 'image/svg+xml' }),
};
const NUMBERS = { ROOT: 'root', JSON: 'json' };

/** What a figure can be saved as; `plot` is a `Plot`, which knows what it shows when somebody asks. */
export function fileMenu(plot) {
  const menu = document.createElement('details');
  menu.className = 'files';
  const word = document.createElement('summary');
  word.textContent = 'Save';
  const choices = document.createElement('span');
  const name = () => `${plot.source}-${plot.figure.dataset.subsystem}-${plot.figure.dataset.name}`.replaceAll(/[^\w.-]+/g, '-');
  for (const [title, make] of Object.entries(PICTURES)) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = title;
    button.addEventListener('click', async () => {
      if (plot.painter) save(await make(plot), `${name()}.${title.toLowerCase()}`);
    });
    choices.append(button);
  }
  for (const [title, form] of Object.entries(NUMBERS)) {
    const link = document.createElement('a');
    link.textContent = title;
    // The address is that of what is shown now.
    const lead = () => {
      const { subsystem, name: histogram } = plot.figure.dataset;
      const query = new URLSearchParams({ source: plot.source, subsystem, name: histogram });
      link.href = `${plot.files}.${form}?${query}`;
    };
    menu.addEventListener('toggle', lead);
    choices.append(link);
  }
  menu.append(word, choices);
  return menu;
}
