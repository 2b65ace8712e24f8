/**
 * Units that only accompany larger ones: they come from overlaps, and from what is left of large spikes after
 * subtraction. A neuron whose template also catches such remains keeps its other spikes.
 */

/** Units from this share of spikes on that lie near any larger one's, beyond chance, go. */
const maxCoincidence = 0.65;
/** From this share on that lies at one lag from a single larger unit, give or take so many samples, these are echoes. */
const maxAtOneLag = 0.3;
const lagSpread = 3;
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
  /** Whether a unit with echoes may be a neuron beside them. */
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
    const trains = trainsNear(unit, kept, options);
    if (accompanies(unit.spikeSamples, trains, options)) continue;
    const hasEchoes = trains.some((train) => echoLag(unit.spikeSamples, train, options) !== undefined);
    if (!hasEchoes) kept.push(unit);
    else if (options.mayBeMore(unit)) mixed.push(unit);
  }
  for (const unit of mixed) {
    const trains = trainsNear(unit, kept, options);
    const spikeSamples = trains.reduce((left, train) => {
      const lag = echoLag(left, train, options);
      return lag === undefined ? left : withoutLag(left, train, lag);
    }, unit.spikeSamples);
    const enough = spikeSamples.length >= minLeft * unit.spikeSamples.length;
    if (enough && !accompanies(spikeSamples, trains, options)) kept.push({ ...unit, spikeSamples });
  }
  return kept;
}

type Reach = Pick<EchoOptions<unknown>, 'before' | 'after' | 'sampleCount'>;

function trainsNear<Unit extends WithSpikes>(
  unit: Unit,
  others: readonly Unit[],
  { areNear }: EchoOptions<Unit>
): Float64Array[] {
  return others.filter((other) => areNear(unit, other)).map(({ spikeSamples }) => spikeSamples);
}

/** Whether more of the spikes have one of any of the trains within reach than a neuron's would, beyond chance. */
function accompanies(spikes: Float64Array, trains: Float64Array[], reach: Reach): boolean {
  const others = trains.reduce((sum, { length }) => sum + length, 0);
  const chance = Math.min(1, (others * (reach.before + reach.after + 1)) / reach.sampleCount);
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

/**
 * The lag, in samples, at which many of the spikes follow (or precede, if negative) another unit's, as what is left of a
 * spike does; undefined if there is none. A neuron that fires together with another does so within some fraction of a
 * ms.
 */
function echoLag(
  spikes: Float64Array,
  train: Float64Array,
  { before, after, sampleCount }: Reach
): number | undefined {
  const counts = new Float64Array(before + after + 1);
  let start = 0;
  for (const sample of spikes) {
    while (start < train.length && (train[start] as number) < sample - after) start++;
    for (let j = start; j < train.length && (train[j] as number) <= sample + before; j++) {
      const lag = sample - (train[j] as number) + before;
      counts[lag] = (counts[lag] as number) + 1;
    }
  }
  const best = { count: 0, lag: 0 };
  counts.forEach((_, lag) => {
    const around = counts.subarray(Math.max(0, lag - lagSpread), lag + lagSpread + 1);
    const count = around.reduce((sum, one) => sum + one, 0);
    if (count > best.count) Object.assign(best, { count, lag: lag - before });
  });
  const chance = (spikes.length * train.length * (2 * lagSpread + 1)) / sampleCount;
  return best.count - chance > maxAtOneLag * spikes.length ? best.lag : undefined;
}

/** The spikes that do not follow another unit's at a lag. */
function withoutLag(spikes: Float64Array, train: Float64Array, lag: number): Float64Array {
  let j = 0;
  return spikes.filter((sample) => {
    while (j < train.length && (train[j] as number) < sample - lag - lagSpread) j++;
    return j >= train.length || (train[j] as number) > sample - lag + lagSpread;
  });
}
