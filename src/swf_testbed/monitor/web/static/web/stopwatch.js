// How long something that goes on has lasted: counted here, so that nobody is asked for the time.

const TICK_MS = 1000;

/** Seconds as `words.span` writes them. */
function span(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)}\u00a0s`;
  const minutes = Math.floor(seconds / 60);
  const two = (number) => String(number).padStart(2, '0');
  if (minutes < 60) return `${minutes} min ${two(Math.floor(seconds % 60))} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

function tick() {
  for (const watch of document.querySelectorAll('.stopwatch')) {
    watch.textContent = span(Math.max(0, (Date.now() - Date.parse(watch.dataset.begin)) / 1000));
  }
}

setInterval(tick, TICK_MS);
document.addEventListener('swf:refreshed', tick);
