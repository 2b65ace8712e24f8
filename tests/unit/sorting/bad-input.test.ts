/** Recordings as broken hardware, wrong settings and short clicks make them: each ends with units or a clear refusal. */
import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { scoreSorting } from '#lib/metrics/score.ts';
import { describeError, isDescribed } from '#lib/model/error-text.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type Contact, type Probe, type TraceSource } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { inMemory, shortRecording } from '../../fixtures/sorting/short-recording.ts';

/** A busy machine may need long for the dense ones; that they end is what counts. */
const patience = 240_000;
const rate = 30_000;
let whole: TraceSource;
let truth: Awaited<ReturnType<typeof shortRecording>>['truth'];

beforeAll(async () => {
  ({ source: whole, truth } = await shortRecording());
}, patience);

/** Sorts what is there; a refusal has a tag, words for the user, and is returned. */
async function outcome(
  source: TraceSource,
  parameters: Parameters<typeof resolveParameters>[0] = {}
): Promise<Sorting | TaggedError> {
  try {
    const sorting = await sortRecording({
      ...{ source, parameters: resolveParameters(parameters), pool: inlinePool(), seed: 1 }
    });
    expectSound(sorting);
    return sorting;
  } catch (error) {
    if (!(error instanceof TaggedError)) throw error;
    expect(isDescribed(error.tag)).toBe(true);
    const { what, remedy } = describeError(toErrorRecord(error));
    expect(what.length).toBeGreaterThan(10);
    expect(remedy.length).toBeGreaterThan(10);
    return error;
  }
}

/** Units, or none: never a refusal. */
async function sorted(
  source: TraceSource,
  parameters: Parameters<typeof resolveParameters>[0] = {}
): Promise<Sorting> {
  const found = await outcome(source, parameters);
  if (found instanceof TaggedError) throw found;
  return found;
}

/** Everything a sorting holds is a number that can be drawn, and spikes lie in the recording. */
function expectSound({ units, sampleCount, channelCount, excludedChannels = [] }: Sorting): void {
  for (const { spikeSamples, mainChannel, waveformMean, waveformSd, snr } of units) {
    const ascending = spikeSamples.every((sample, i) => sample > (spikeSamples[i - 1] ?? -1));
    expect(
      ascending && spikeSamples.every((sample) => Number.isInteger(sample) && sample < sampleCount)
    ).toBe(true);
    expect(mainChannel >= 0 && mainChannel < channelCount && !excludedChannels.includes(mainChannel)).toBe(
      true
    );
    expect(waveformMean.every(Number.isFinite) && waveformSd.every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(snr)).toBe(true);
  }
}

/** True units that are still found well among the first samples. */
function wellFound({ units, sampleCount }: Sorting): number {
  const within = truth.trains.map((train) => train.filter((sample) => sample < sampleCount));
  const trains = units.map(({ spikeSamples }) => spikeSamples);
  const score = scoreSorting({ samplingRateHz: rate, trains: within }, { samplingRateHz: rate, trains });
  return score.wellDetected.length;
}

/** The recording's first seconds with other values; `change` gets channels × samples. */
async function damaged(
  seconds: number,
  change: (values: Float32Array, sampleCount: number) => void
): Promise<TraceSource> {
  const sampleCount = Math.round(seconds * rate);
  const values = await whole.read(0, sampleCount);
  change(values, sampleCount);
  return inMemory({ info: { ...whole.info, sampleCount } }, values);
}

/** A recording of any values with contacts at the given places. */
function made(contacts: readonly Pick<Contact, 'x' | 'y'>[], values: Float32Array): TraceSource {
  const channelCount = contacts.length;
  const probe: Probe = {
    contacts: contacts.map((contact, i) => ({ ...contact, id: String(i), shank: 0 })),
    origin: 'assumed'
  };
  const info = {
    ...{ samplingRateHz: rate, channelCount, sampleCount: values.length / channelCount, startTimeSeconds: 0 },
    ...{ channelIds: probe.contacts.map(({ id }) => id), probe, dtype: 'float32' },
    gainUv: Array.from({ length: channelCount }, () => 1),
    offsetUv: Array.from({ length: channelCount }, () => 0)
  };
  return inMemory({ info }, values);
}

const column = (count: number, pitchUm = 20) =>
  Array.from({ length: count }, (_, i) => ({ x: 0, y: i * pitchUm }));

function noise(length: number, seed: number): Float32Array<ArrayBuffer> {
  const stream = randomStream(seed);
  return Float32Array.from({ length }, () => 7 * stream.normal());
}

describe('values that are no numbers', () => {
  it.each([NaN, Infinity, -Infinity])(
    '%s here and there costs no unit',
    { timeout: patience },
    async (bad) => {
      const stream = randomStream(3);
      const intact = await sorted(await damaged(10, () => {}));
      const source = await damaged(10, (values) => {
        for (let k = 0; k < 300; k++) values[Math.floor(stream.uniform() * values.length)] = bad;
      });
      expect(wellFound(await sorted(source))).toBeGreaterThanOrEqual(wellFound(intact) - 1);
    }
  );

  it('on one channel for the whole recording leave that channel out', { timeout: patience }, async () => {
    const source = await damaged(5, (values, samples) => values.fill(NaN, 2 * samples, 3 * samples));
    const { excludedChannels, units } = await sorted(source);
    expect(excludedChannels).toEqual([2]);
    expect(units.length).toBeGreaterThan(0);
  });

  it('for a whole second on all channels leave the rest', { timeout: patience }, async () => {
    const source = await damaged(10, (values, samples) => {
      for (let channel = 0; channel < 12; channel++)
        values.fill(NaN, channel * samples + 3 * rate, channel * samples + 4 * rate);
    });
    expect((await sorted(source)).units.length).toBeGreaterThan(0);
  });

  it('of the largest floats end', { timeout: patience }, async () => {
    const source = await damaged(2, (values) => {
      for (let i = 0; i < values.length; i += 5000) values[i] = i % 2 === 0 ? 3e38 : -3e38;
    });
    await outcome(source);
  });
});

describe('channels without a signal', () => {
  it.each([0, 7, -32768])('all at %d are refused by name', { timeout: patience }, async (value) => {
    const found = await outcome(await damaged(3, (values) => values.fill(value)));
    expect(found).toMatchObject({ tag: 'no-usable-channels' });
  });

  it('are left out, as long as one has one', { timeout: patience }, async () => {
    const source = await damaged(5, (values, samples) => values.fill(5, samples));
    const { excludedChannels, units } = await sorted(source);
    expect(excludedChannels).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    for (const { mainChannel } of units) expect(mainChannel).toBe(0);
  });

  it('but with a step in them end', { timeout: patience }, async () => {
    await outcome(await damaged(3, (values, samples) => values.fill(0).fill(500, 4.5 * samples)));
  });
});

describe('saturated channels', () => {
  it('clipped at half the spikes’ size still give units', { timeout: patience }, async () => {
    const source = await damaged(10, (values) =>
      values.forEach((value, i) => (values[i] = Math.max(-60, Math.min(60, value))))
    );
    expect((await sorted(source)).units.length).toBeGreaterThan(0);
  });

  it(
    'stuck at the rail for a second, and back, cost no more than that second',
    { timeout: patience },
    async () => {
      const intact = await sorted(await damaged(10, () => {}));
      const source = await damaged(10, (values, samples) => {
        for (let channel = 0; channel < 12; channel++)
          values.fill(6390, channel * samples + 5 * rate, channel * samples + 6 * rate);
      });
      const found = wellFound(await sorted(source));
      expect(found).toBeGreaterThanOrEqual(wellFound(intact) - 2);
    }
  );

  it('jumping from rail to rail end', { timeout: patience }, async () => {
    const stream = randomStream(8);
    await outcome(
      await damaged(3, (values) => values.forEach((_, i) => (values[i] = stream.bits() < 0 ? 6390 : -6390)))
    );
  });
});

describe('recordings that are short', () => {
  it.each([1, 2, 10, 45, 89, 91, 1000, 15_000])(
    'of %i samples end',
    { timeout: patience },
    async (samples) => {
      const found = await outcome(await damaged(samples / rate, () => {}));
      // Less than a snippet holds no twenty spikes.
      if (found instanceof TaggedError) expect(found.tag).toBe('no-usable-channels');
      else if (samples < 1000) expect(found.units).toEqual([]);
    }
  );

  it('of one sample on one channel end', { timeout: patience }, async () => {
    const found = await outcome(made(column(1), Float32Array.of(3)));
    expect(found).toMatchObject({ tag: 'no-usable-channels' });
  });
});

describe('contacts in odd places', () => {
  it.each([
    ['all in one place', () => ({ x: 0, y: 0 })],
    ['a metre apart', (i: number) => ({ x: 0, y: i * 1e6 })],
    ['two in each place', (i: number) => ({ x: 0, y: Math.floor(i / 2) * 20 })]
  ])('%s give units', { timeout: patience }, async (_, placeOf) => {
    const source = await damaged(10, () => {});
    const contacts = source.info.probe.contacts.map((contact, i) => ({ ...contact, ...placeOf(i) }));
    const probe = { ...source.info.probe, contacts };
    const { units } = await sorted({ ...source, info: { ...source.info, probe } });
    expect(units.length).toBeGreaterThan(0);
  });

  it('one alone gives units', { timeout: patience }, async () => {
    const values = await whole.read(0, 20 * rate);
    const samples = 20 * rate;
    const found = await Promise.all(
      [0, 4, 8].map((channel) =>
        sorted(made(column(1), values.slice(channel * samples, (channel + 1) * samples)))
      )
    );
    expect(Math.max(...found.map(({ units }) => units.length))).toBeGreaterThan(0);
  });
});

describe('recordings without spikes', () => {
  it.each([1, 4, 40])('noise on %i channels gives no units', { timeout: patience }, async (channels) => {
    expect((await sorted(made(column(channels), noise(channels * 10 * rate, channels)))).units).toEqual([]);
  });

  it('the same noise on all channels ends', { timeout: patience }, async () => {
    const one = noise(5 * rate, 2);
    const values = new Float32Array(4 * one.length);
    for (let channel = 0; channel < 4; channel++) values.set(one, channel * one.length);
    await outcome(made(column(4), values));
  });

  it('a pure hum gives no units', { timeout: patience }, async () => {
    const values = Float32Array.from({ length: 4 * 5 * rate }, (_, i) =>
      Math.sin((2 * Math.PI * 1000 * (i % (5 * rate))) / rate)
    );
    const found = await outcome(made(column(4), values));
    if (!(found instanceof TaggedError)) expect(found.units).toEqual([]);
  });
});

describe('recordings that are full of spikes', () => {
  it('a peak in every sample that can be one, on many channels, ends', { timeout: patience }, async () => {
    const [channels, seconds] = [32, 5]; // 60,000 peaks a second while it is loud
    const values = noise(channels * seconds * rate, 6);
    const stream = randomStream(7);
    // Loud for 0.4 of the time, so that the noise is measured in the rest; each channel at another moment, so that the
    // common reference takes nothing away.
    values.forEach((_, i) => {
      const channel = Math.floor(i / (seconds * rate));
      if (i % rate < 0.4 * rate && (i + channel) % 8 === 0) values[i] = -400 - 400 * stream.uniform();
    });
    await outcome(made(column(channels, 100), values), { exclusionMs: 0, radiusUm: 0 });
  });

  it('one unit that fires 400 times a second is one unit', { timeout: patience }, async () => {
    const values = noise(4 * 5 * rate, 9);
    for (let start = 100; start + 100 < 5 * rate; start += 75)
      for (let t = 0; t < 12; t++) {
        const at = start + t;
        values[at] = (values[at] ?? 0) - 150 * Math.sin((Math.PI * t) / 12);
      }
    const { units } = await sorted(made(column(4, 100), values));
    expect(units.length).toBeLessThanOrEqual(2);
  });
});
