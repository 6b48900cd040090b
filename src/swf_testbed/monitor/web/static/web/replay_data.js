// What the server tells of a run, and how things were at any moment of it. Times are ms after the run's beginning.

const NEVER = Infinity;
const RECENT = 200;

const moment = (value) => (value < 0 ? NEVER : value);
const sorted = (values) => Float64Array.from(values.filter((value) => value !== NEVER)).sort();

/** How many of ascending times are not after `t`. */
export function before(times, t) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= t) low = middle + 1; else high = middle;
  }
  return low;
}

function decodeSlices(told, samples, stfs) {
  const { workers, sample, number, worker, failed } = told;
  let last = 0;
  const queued = told.queued.map((step) => { last += step; return last; });
  const after = (column) => told[column].map((value, i) => (value < 0 ? NEVER : queued[i] + value));
  const [assigned, done, plotted] = ['assigned', 'done', 'plotted'].map(after);
  const bad = new Set(failed);
  return queued.map((when, i) => {
    const stf = samples.stf[sample[i]];
    return {
      queued: when,
      // A worker's heartbeat may have come later than its result.
      started: Math.min(assigned[i], done[i]),
      done: done[i],
      plotted: plotted[i],
      failed: bad.has(i),
      egress: stf >= 0 ? moment(stfs.egress[stf]) : NEVER,
      name: `${samples.name[sample[i]] ?? ''}/${number[i]}`,
      worker: workers[worker[i]] ?? '',
    };
  });
}

function history(document, stfs) {
  const states = document.events.map((one) => (
    { t: one.t, type: one.type, what: [one.state, one.substate].filter(Boolean).join('/'), state: one }));
  const files = stfs.name.flatMap((name, i) => [
    { t: moment(stfs.egress[i]), type: 'egress', stf: name },
    { t: moment(stfs.registered[i]), type: 'registered', stf: name },
  ]);
  return [...states, ...files].filter((one) => one.t !== NEVER).sort((a, b) => a.t - b.t);
}

/** Everything that is asked of a run, made ready once. */
export function decode(document) {
  const { stfs, samples } = document;
  const slices = decodeSlices(document.slices, samples, stfs);
  const happened = history(document, stfs);
  const registered = stfs.name.map((_, i) => ({ t: moment(stfs.registered[i]), size: stfs.size[i] }))
    .filter((one) => one.t !== NEVER).sort((a, b) => a.t - b.t);
  let sum = 0;
  const plotted = slices.filter((one) => one.plotted !== NEVER && one.egress !== NEVER).sort((a, b) => a.plotted - b.plotted);
  return {
    start: document.start * 1000,
    length: document.length,
    leftOut: document.left_out,
    states: document.events,
    workers: document.workers.map((one) => ({ from: moment(one.from), to: moment(one.to) })),
    slices,
    happened,
    times: {
      happened: Float64Array.from(happened, (one) => one.t),
      states: Float64Array.from(document.events, (one) => one.t),
      egress: sorted(stfs.egress.map(moment)),
      registered: Float64Array.from(registered, (one) => one.t),
      samples: sorted(samples.t.map(moment)),
      queued: sorted(slices.map((one) => one.queued)),
      started: sorted(slices.map((one) => one.started)),
      completed: sorted(slices.filter((one) => !one.failed).map((one) => one.done)),
      failed: sorted(slices.filter((one) => one.failed).map((one) => one.done)),
      plotted: Float64Array.from(plotted, (one) => one.plotted),
    },
    bytes: registered.map((one) => { sum += one.size; return sum; }),
    latencies: plotted.map((one) => one.plotted - one.egress),
  };
}

function percentile(values, share) {
  if (!values.length) return null;
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))];
}

/** How a slice was: waiting, working, finished, plotted or failed; null before it was queued. */
export function status(slice, t) {
  if (slice.queued > t) return null;
  if (slice.done <= t) {
    if (slice.failed) return 'failed';
    return slice.plotted <= t ? 'plotted' : 'finished';
  }
  return slice.started <= t ? 'working' : 'waiting';
}

/** The counters and the state at `t`. */
export function at(run, t) {
  const { times } = run;
  const count = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, before(all, t)]));
  const recent = run.latencies.slice(Math.max(0, count.plotted - RECENT), count.plotted);
  return {
    ...count,
    state: run.states[count.states - 1] ?? null,
    bytes: run.bytes[count.registered - 1] ?? 0,
    waiting: count.queued - count.started,
    working: count.started - count.completed - count.failed,
    workers: run.workers.filter((one) => one.from <= t && t < one.to).length,
    p50: percentile(recent, 0.5),
    p95: percentile(recent, 0.95),
  };
}
