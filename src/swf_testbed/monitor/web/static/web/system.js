// The clients of the stream, from the stream's own status: the only page part that no database knows.

import { localTimes } from './times.js';

const MOST = 100;
const rows = document.querySelector('#clients-rows');

function cell(content, name = 'td', kind = '') {
  const made = document.createElement(name);
  made.append(content);
  if (kind) made.className = kind;
  return made;
}

function since(text) {
  const time = document.createElement('time');
  time.dateTime = text;
  return time;
}

function row(client) {
  const made = document.createElement('tr');
  const address = cell(client.address || '–', 'th');
  address.scope = 'row';
  const filters = Object.entries(client.filters).map(([name, value]) => `${name}: ${value}`).join(', ');
  const program = document.createElement('bdi');
  program.textContent = client.agent || '–';
  program.title = client.agent;
  made.append(address, cell(program, 'td', 'clip'), cell(since(client.since)), cell(filters || 'everything', 'td', 'clip'),
    cell(client.sent, 'td', 'number'), cell(client.waiting, 'td', 'number'));
  return made;
}

function tell(answers, after, says) {
  const word = document.createElement('span');
  word.className = `word ${answers ? 'good' : 'bad'}`;
  word.textContent = answers ? 'yes' : 'no';
  document.querySelector('#stream-answers').replaceChildren(word);
  document.querySelector('#stream-after').textContent = after;
  document.querySelector('#stream-says').textContent = says;
}

async function ask() {
  const began = performance.now();
  try {
    const answer = await fetch(rows.dataset.source);
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    const status = await answer.json();
    tell(true, `${Math.round(performance.now() - began)}\u00a0ms`, `${status.count} ${status.count === 1 ? 'client' : 'clients'}, ${status.evicted} were too slow`);
    rows.replaceChildren(...status.clients.slice(-MOST).map(row));
    document.querySelector('#clients-count').textContent = status.count > MOST ? `the newest ${MOST} of ${status.count}` : `${status.count}`;
    localTimes(rows);
  } catch (problem) {
    tell(false, '–', problem.message);
  }
}

document.addEventListener('swf:refreshed', ask);
ask();
