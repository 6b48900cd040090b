// What moves on a page is pushed: an event of the stream lets the parts marked `data-live` be fetched again,
// at most once a second; the server renders them, so that a number is formatted in one place only.

import { localTimes } from './times.js';

const PERIOD_MS = 1000;
const REOPEN_MS = 5000;
const { stream: address, events = '' } = document.body.dataset;
const sign = document.querySelector('#link-state');

let wanted = false;
let fetching = false;

function say(state, text) {
  sign.dataset.state = state;
  sign.textContent = text;
}

/** What a reader has done to a part, for a new one in its place: scrolled it, opened something, focused a link. */
function keep(old, part) {
  const scrolled = [...old.querySelectorAll('.scroll, .document')].map((one) => [one.scrollLeft, one.scrollTop]);
  const opened = [...old.querySelectorAll('details')].map((one) => one.open);
  const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  old.replaceWith(part);
  part.querySelectorAll('.scroll, .document').forEach((one, i) => {
    [one.scrollLeft, one.scrollTop] = scrolled[i] ?? [0, 0];
  });
  part.querySelectorAll('details').forEach((one, i) => { one.open ||= opened[i] ?? false; });
  if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** Whether a reader is about to say something there, which a new part would take away. */
function isWrittenIn(part) {
  const fields = [...part.querySelectorAll('textarea, input[type="text"], select')];
  return fields.some((one) => one === document.activeElement || (one.tagName !== 'SELECT' && one.value !== one.defaultValue));
}

function swap(fresh) {
  for (const part of fresh.querySelectorAll('[data-live]')) {
    const old = document.getElementById(part.id);
    if (!old || old.dataset.was === part.innerHTML || isWrittenIn(old)) continue;
    const was = part.innerHTML;
    localTimes(part);
    part.dataset.was = was;
    keep(old, part);
  }
}

async function fetchParts() {
  const url = new URL(location.href);
  url.searchParams.set('part', 'live');
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: ${answer.status}`);
  swap(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  document.dispatchEvent(new Event('swf:refreshed'));
}

/** Ask for the page's moving parts again; many calls in a second become one request. */
export async function refresh() {
  wanted = true;
  if (fetching || document.hidden) return;
  fetching = true;
  while (wanted) {
    wanted = false;
    const pause = new Promise((done) => { setTimeout(done, PERIOD_MS); });
    try {
      await fetchParts();
    } catch (problem) {
      console.warn('refresh failed, the next event tries again:', problem.message);
    }
    await pause;
  }
  fetching = false;
}

function open() {
  const source = new EventSource(address);
  source.addEventListener('connected', () => {
    say('live', 'live');
    refresh();
    document.dispatchEvent(new Event('swf:connected'));
  });
  source.addEventListener('error', () => {
    say('lost', 'reconnecting');
    // The browser reconnects by itself, except after an answer that is not a stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(open, REOPEN_MS);
  });
  source.addEventListener('changed', () => { refresh(); });
  for (const type of events.split(' ')) {
    source.addEventListener(type, (event) => {
      refresh();
      document.dispatchEvent(new CustomEvent('swf:message', { detail: { type, data: event.data } }));
    });
  }
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => { if (event.persisted) open(); });
}

localTimes(document);
document.addEventListener('visibilitychange', () => { if (wanted) refresh(); });
if (address) open();
