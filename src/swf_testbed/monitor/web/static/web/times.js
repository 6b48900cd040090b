// Times in the reader's zone, with UTC on hover. The server writes UTC into <time datetime>.

const DAY = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short' });
const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
});

/** Rewrite the times below `root`. A time of today goes without its date. */
export function localTimes(root) {
  for (const element of root.querySelectorAll('[data-zone]')) {
    element.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
  const today = DAY.format(new Date());
  for (const element of root.querySelectorAll('time[datetime]')) {
    const moment = new Date(element.dateTime);
    const day = DAY.format(moment);
    element.title = moment.toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
    element.textContent = (day === today ? '' : `${day} `) + CLOCK.format(moment);
  }
}
