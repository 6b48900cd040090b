// What drawings have in common: a time on an axis, and the colours of the theme.

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** Unix seconds as the time of day in the reader's zone. */
export const clock = (seconds) => CLOCK.format(new Date(seconds * 1000));

/** A colour of the theme as it is now: light-dark() is for style sheets, a canvas wants the result. */
export function resolved(name) {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
