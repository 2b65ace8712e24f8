/**
 * Units that only accompany larger ones: they come from overlaps, and from what is left of large spikes after
 * subtraction. A neuron whose template also catches such remains keeps its other spikes.
 */

/** Units from this share of spikes on that lie near any larger one's, beyond chance, go. */
const maxCoincidence = 0.65;
/** From this share on that lies at one lag from a single larger unit these are echoes, and all of the unit may be. */
const manyAtLag = 0.3;
/** From this share on at a few lags they are, if the other is so much larger that they may be what is left of its spikes. */
const someAtLags = 0.15;
/** A lag counts, give or take so many samples, where at least this share lies. */
const leastAtLag = 0.1;
const lagSpread = 3;
/** Of remains most follow at the same sample, give or take one; neurons that fire together are less exact. */
const sharpSpread = 1;
const leastSharp = 0.7;
/** Of a unit with echoes at least this share has to be left without them, or it goes. */
const minLeft = 0.4;

export interface EchoOptions<Unit> {
  /** How far, in samples, a unit's spike may lie before and after one that it accompanies. */
  before: number;
  after: number;
  /** Of the recording. */
  sampleCount: number;
  /** Whether two units are near enough for one to be heard where the other is. */
  areNear: (a: Unit, b: Unit) => boolean;
  /** Whether what is left of a unit's spikes may look like those of a smaller one. */
  mayLeave: (large: Unit, small: Unit) => boolean;
  /** Whether a unit of which many are echoes may be a neuron beside them. */
  mayBeMore: (unit: Unit) => boolean;
}

interface WithSpikes {
  /** Samples, ascending. */
  spikeSamples: Float64Array;
}

/**
 * The units that are more than company, without their echoes. A larger unit is no echo of a smaller one; one that was
 * freed of echoes is compared with all that need none, as its size is not known.
 * @param bySize the largest first
 */
export function withoutEchoes<Unit extends WithSpikes>(
  bySize: readonly Unit[],
  options: EchoOptions<Unit>
): Unit[] {
  const kept: Unit[] = [];
  const mixed: Unit[] = [];
  for (const unit of bySize) {
    const near = kept.filter((other) => options.areNear(unit, other));
    if (accompanies(unit.spikeSamples, near, options)) continue;
    const share = near.reduce((most, other) => Math.max(most, echoesOf(unit, other, options).share), 0);
    if (share === 0) kept.push(unit);
    else if (share <= manyAtLag || options.mayBeMore(unit)) mixed.push(unit);
  }
  for (const unit of mixed) {
    const near = kept.filter((other) => options.areNear(unit, other));
    const freed = near.reduce(
      (left, other) => ({ ...left, spikeSamples: withoutEchoesOf(left, other, options) }),
      unit
    );
    const enough = freed.spikeSamples.length >= minLeft * unit.spikeSamples.length;
    if (enough && !accompanies(freed.spikeSamples, near, options)) kept.push(freed);
  }
  return kept;
}

type Reach = Pick<EchoOptions<unknown>, 'before' | 'after' | 'sampleCount'>;

/** Whether more of the spikes have one of any of the trains within reach than a neuron's would, beyond chance. */
function accompanies(spikes: Float64Array, others: WithSpikes[], reach: Reach): boolean {
  const trains = others.map(({ spikeSamples }) => spikeSamples);
  const count = trains.reduce((sum, { length }) => sum + length, 0);
  const chance = Math.min(1, (count * (reach.before + reach.after + 1)) / reach.sampleCount);
  const share = countAccompanied(spikes, trains, reach) / spikes.length;
  return chance < 1 && (share - chance) / (1 - chance) > maxCoincidence;
}

/** How many of the spikes have one of any of the trains within reach; all ascend. */
function countAccompanied(spikes: Float64Array, trains: Float64Array[], { before, after }: Reach): number {
  const accompanied = new Uint8Array(spikes.length);
  for (const train of trains) {
    let j = 0;
    spikes.forEach((sample, k) => {
      while (j < train.length && (train[j] as number) < sample - after) j++;
      if (j < train.length && (train[j] as number) <= sample + before) accompanied[k] = 1;
    });
  }
  return accompanied.reduce((sum, is) => sum + is, 0);
}

interface Echoes {
  lags: number[];
  /** Of the spikes, beyond chance. */
  share: number;
}

/**
 * The lags, in samples, at which many of a unit's spikes follow (or precede, if negative) a larger one's, as what is left
 * of a spike does; none if they are few together. A neuron that fires together with another does so within some fraction
 * of a ms.
 */
function echoesOf<Unit extends WithSpikes>(
  unit: Unit,
  other: Unit,
  { before, after, sampleCount, mayLeave }: EchoOptions<Unit>
): Echoes {
  const [spikes, train] = [unit.spikeSamples, other.spikeSamples];
  if (spikes.length === 0) return { lags: [], share: 0 };
  const counts = new Float64Array(before + after + 1);
  let start = 0;
  for (const sample of spikes) {
    while (start < train.length && (train[start] as number) < sample - after) start++;
    for (let j = start; j < train.length && (train[j] as number) <= sample + before; j++) {
      const lag = sample - (train[j] as number) + before;
      counts[lag] = (counts[lag] as number) + 1;
    }
  }
  const chance = (spikes.length * train.length * (2 * lagSpread + 1)) / sampleCount;
  const found: { lag: number; share: number; sharp: boolean }[] = [];
  for (;;) {
    const { lag, count } = fullest(counts, lagSpread);
    const share = (count - chance) / spikes.length;
    if (share < leastAtLag) break;
    const near = around(counts, lag, lagSpread);
    const sharp = fullest(near, sharpSpread).count > leastSharp * count;
    found.push({ lag: lag - before, share, sharp });
    near.fill(0);
  }
  const remains = found.filter(({ sharp }) => sharp);
  const together = remains.reduce((sum, { share }) => sum + share, 0);
  if (together > someAtLags && mayLeave(other, unit))
    return { lags: remains.map(({ lag }) => lag), share: together };
  const [most] = found;
  return most && most.share > manyAtLag ? { lags: [most.lag], share: most.share } : { lags: [], share: 0 };
}

/** The place around which, give or take so many, most is counted. */
function fullest(counts: Float64Array, spread: number): { lag: number; count: number } {
  const best = { lag: 0, count: 0 };
  counts.forEach((_, lag) => {
    const count = around(counts, lag, spread).reduce((sum, one) => sum + one, 0);
    if (count > best.count) Object.assign(best, { lag, count });
  });
  return best;
}

function around(counts: Float64Array, lag: number, spread: number): Float64Array {
  return counts.subarray(Math.max(0, lag - spread), lag + spread + 1);
}

function withoutEchoesOf<Unit extends WithSpikes>(
  unit: Unit,
  other: Unit,
  options: EchoOptions<Unit>
): Float64Array {
  const { lags } = echoesOf(unit, other, options);
  return lags.reduce((rest, lag) => withoutLag(rest, other.spikeSamples, lag), unit.spikeSamples);
}

/** The spikes that do not follow another unit's at a lag. */
function withoutLag(spikes: Float64Array, train: Float64Array, lag: number): Float64Array {
  let j = 0;
  return spikes.filter((sample) => {
    while (j < train.length && (train[j] as number) < sample - lag - lagSpread) j++;
    return j >= train.length || (train[j] as number) > sample - lag + lagSpread;
  });
}
