import { describe, expect, it } from 'vitest';
import { randomStream } from '#lib/math/random.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { planChunks, readChunk, spreadChunks } from '#lib/sorting/chunks.ts';
import { findMotion, locatePeaks } from '#lib/sorting/find-motion.ts';
import { mergeUnits } from '#lib/sorting/merge-units.ts';
import { withoutMixtures } from '#lib/sorting/mixtures.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { prepare } from '#lib/sorting/prepare.ts';
import { settleTemplates } from '#lib/sorting/settle.ts';
import { type Template, centreTemplate } from '#lib/sorting/templates.ts';
import { type Motion, displacementAt } from '#lib/sorting/motion/motion.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { drift32Spec, probe32Spec } from '#lib/simulation/specification.ts';
import { zigzag } from './motion/drifting-peaks.ts';

const rate = 30_000;
const length = 67;
const peak = 24;
const channels = Int32Array.of(0, 1, 2, 3);

/** A trough of the given width on four channels, `heights` high, `delay` samples after the peak. */
function template(heights: number[], { width = 4, delay = 0, spikeCount = 500 } = {}): Template {
  const waveform = new Float32Array(channels.length * length);
  heights.forEach((height, c) => {
    for (let t = 0; t < length; t++)
      waveform[c * length + t] = -height * Math.exp(-(((t - peak - delay) / width) ** 2));
  });
  return { mainChannel: heights.indexOf(Math.max(...heights)), channels, waveform, spikeCount };
}

function sum(a: Template, b: Template, spikeCount: number): Template {
  const waveform = a.waveform.map((value, i) => value + (b.waveform[i] ?? NaN));
  return { ...a, waveform, spikeCount };
}

describe('mixtures of two templates', () => {
  const first = template([20, 8, 2, 0]);
  const second = template([0, 3, 9, 25], { width: 6 });
  const later = template([0, 3, 9, 25], { width: 6, delay: 7 });

  it('go, at any lag of the two, and leave the two themselves', () => {
    const mixtures = [sum(first, second, 20), sum(first, later, 12)];
    expect(withoutMixtures([first, second, ...mixtures], rate)).toEqual([first, second]);
  });

  it('stay when they are as frequent as their parts: that is a neuron', () => {
    const frequent = sum(first, second, 400);
    expect(withoutMixtures([first, second, frequent], rate)).toContain(frequent);
  });

  it('go when they are as frequent as a rare neuron that a frequent one drags along', () => {
    const dragged = { ...first, spikeCount: 60 };
    const frequent = { ...second, spikeCount: 900 };
    const mixture = sum(dragged, frequent, 50);
    expect(withoutMixtures([dragged, frequent, mixture], rate)).toEqual([dragged, frequent]);
  });

  it('are not seen in a rare template of a shape of its own', () => {
    const rare = template([4, 16, 14, 3], { width: 3, spikeCount: 20 });
    expect(withoutMixtures([first, second, rare], rate)).toContain(rare);
  });
});

describe('centring a template', () => {
  const centre = (late: Template) => centreTemplate(late, { beforeSamples: peak, sign: 'negative' });

  it('moves its trough to the peak of the window, and names the channel that has it', () => {
    const wanted = template([8, 20, 3, 0], { width: 3 });
    for (const delay of [-6, 0, 9, 2.5, -3.25]) {
      const found = { ...template([8, 20, 3, 0], { width: 3, delay }), mainChannel: 0 };
      const centred = centre(found);
      expect(centred.mainChannel).toBe(1);
      centred.waveform.forEach((value, at) =>
        expect(Math.abs(value - (wanted.waveform[at] ?? NaN))).toBeLessThan(0.05)
      );
    }
  });

  it('keeps to the extrema that are asked for', () => {
    const both = template([8, 20, 3, 0]);
    both.waveform[40] = 30;
    expect(centre(both).waveform[40]).toBeCloseTo(30, 4);
    const positive = centreTemplate(both, { beforeSamples: peak, sign: 'positive' });
    expect(positive.mainChannel).toBe(0);
    expect(positive.waveform[peak]).toBeCloseTo(30, 4);
  });
});

describe('settling templates', () => {
  const settle = (found: Template[]) =>
    settleTemplates(found, { parameters: resolveParameters(), templateRateHz: rate, seconds: 300 });
  const [first, second] = [template([20, 8, 2, 0]), template([0, 3, 9, 25], { width: 6 })];

  it('joins what was found twice, and leaves out what is too rare or a mixture', () => {
    const again = template([20, 8, 2, 0], { spikeCount: 100 });
    const rare = template([3, 20, 18, 3], { spikeCount: 9 });
    const settled = settle([first, again, second, sum(first, second, 20), rare]);
    expect(settled).toEqual([{ ...first, spikeCount: 600 }, second]);
  });

  it('keeps what has just enough spikes', () => {
    const rare = template([3, 20, 18, 3], { spikeCount: 10 });
    expect(settle([first, rare])).toEqual([first, rare]);
  });
});

describe('merging after matching', () => {
  const seconds = 300;
  const sampleCount = seconds * rate;

  /** Spikes at least 3 ms apart. */
  function train(name: string, rateHz: number): number[] {
    const stream = randomStream(11, name);
    const samples: number[] = [];
    for (let at = 0; at < sampleCount;) {
      at += 90 - Math.log(stream.uniform()) * (rate / rateHz);
      if (at < sampleCount) samples.push(Math.round(at));
    }
    return samples;
  }
  function matchedOf(trains: number[][]) {
    const spikes = trains.flatMap((samples, unit) => samples.map((sample) => ({ sample, unit })));
    spikes.sort((a, b) => a.sample - b.sample);
    return {
      samples: Float64Array.from(spikes, ({ sample }) => sample),
      templates: Int32Array.from(spikes, ({ unit }) => unit),
      gains: new Float32Array(spikes.length).fill(1)
    };
  }
  const contacts = Array.from({ length: 4 }, (_, k) => ({ id: String(k), x: 0, y: 20 * k, shank: 0 }));
  const merge = (templates: Template[], trains: number[][], motion?: Motion) =>
    mergeUnits({
      ...{ templates, matched: matchedOf(trains), samplingRateHz: rate, sampleCount, decimation: 1 },
      ...{ motion, probe: { contacts, origin: 'layout' } }
    });

  const neuron = train('one', 10);
  const halves = [neuron.filter((_, k) => k % 2 === 0), neuron.filter((_, k) => k % 2 === 1)];
  const alike = [template([20, 8, 2, 0]), template([17, 8, 3, 0])];

  it('joins two halves of a neuron, whose spikes keep apart', () => {
    expect([...merge(alike, halves).into]).toEqual([0, 0]);
  });

  it('moves the spikes of one that was seen later to the other’s peak', () => {
    const delayed = [template([20, 8, 2, 0]), template([17, 8, 3, 0], { delay: 5 })];
    const [first = [], second = []] = halves;
    // What has its trough 5 samples after the peak of its window is matched 5 samples early.
    const { into, shift } = merge(delayed, [first, second.map((sample) => sample - 5)]);
    expect([...into]).toEqual([0, 0]);
    expect([...shift]).toEqual([0, 5]);
  });

  it('keeps two neurons of like shape apart that fire within each other’s refractory time', () => {
    expect([...merge(alike, [train('two', 7), train('three', 7)]).into]).toEqual([0, 1]);
  });

  it('keeps those apart that have too few spikes to tell, unless they are alike in shape and size', () => {
    const few = [train('four', 0.3), train('five', 0.3)];
    expect([...merge([template([20, 8, 2, 0]), template([12, 8, 2, 0])], few).into]).toEqual([0, 1]);
    expect([...merge([template([20, 8, 2, 0]), template([20, 8, 2, 0])], few).into]).toEqual([0, 0]);
  });

  it('never joins what looks different, however the spikes lie', () => {
    expect([...merge([template([20, 8, 2, 0]), template([1, 3, 9, 21])], halves).into]).toEqual([0, 1]);
  });

  it('joins what takes turns as the tissue moves, and only where it moves', () => {
    // Too few spikes for the cross-correlogram, and not alike enough without it.
    const rare = train('six', 1.5);
    const moving = zigzag(seconds, 60);
    const high = (sample: number) => (moving.displacementsUm[Math.floor(sample / rate)] ?? NaN) > 0;
    const pieces = [rare.filter(high), rare.filter((sample) => !high(sample))];
    const templates = [template([20, 8, 2, 0]), template([12, 11, 3, 0])];
    expect([...merge(templates, pieces, moving).into]).toEqual([0, 0]);
    expect([...merge(templates, pieces).into]).toEqual([0, 1]);
  });
});

describe('looking for motion', () => {
  async function motionIn(spec: Parameters<typeof generateRecording>[0]) {
    const recording = generateRecording(spec);
    const { source } = recording;
    const pool = inlinePool();
    const preparation = await prepare({ source, parameters: resolveParameters(), pool });
    const grid = planChunks(source.info);
    const looks: number[] = [];
    const parts: number[] = [];
    const motion = await findMotion({
      source,
      preparation,
      chunkCount: grid.chunkCount,
      locate: async (count, localisation, { from, to }) => {
        looks.push(count);
        parts.push(from, to);
        const chunks = spreadChunks(grid, count).map((index) => readChunk(source, grid, { index }));
        return (await Promise.all(chunks)).map((chunk) => locatePeaks({ preparation, localisation, chunk }));
      }
    });
    return { motion, looks, parts, recording };
  }

  it('follows tissue that moves, from all of the recording', async () => {
    const { motion, looks, parts, recording } = await motionIn({
      ...drift32Spec(5, 44),
      drift: { kind: 'zigzag', amplitudeUm: 15, startSeconds: 4, periodSeconds: 40 }
    });
    expect(looks).toEqual([40, 44]);
    // The second look goes on where the first ended: progress never goes back.
    expect(parts).toEqual([0, 40 / 84, 40 / 84, 1]);
    expect(motion?.outcome).toBe('estimated');
    const depthUm = 150;
    const times = Array.from({ length: 40 }, (_, k) => 2 + k);
    const errors = times.map(
      (timeSeconds) =>
        (motion ? displacementAt(motion, { timeSeconds, depthUm }) : NaN) -
        recording.displacementUm(timeSeconds, depthUm)
    );
    // The estimate's zero is its median: what counts is how the error varies.
    const middle = errors.toSorted((a, b) => a - b)[20] ?? NaN;
    const spread = errors.map((error) => Math.abs(error - middle)).toSorted((a, b) => a - b);
    expect(spread[32]).toBeLessThan(3);
  }, 60_000);

  it('takes none from tissue at rest, after a look at a part of it', async () => {
    const { motion, looks } = await motionIn(probe32Spec(5, 44));
    expect(looks).toEqual([40]);
    expect(motion).toBeUndefined();
  }, 60_000);

  it('does not look where the probe has no depth', async () => {
    const flat = probe32Spec(5, 4);
    const contacts = flat.probe.contacts.map((contact) => ({ ...contact, y: 0, x: 20 * Number(contact.id) }));
    const { motion, looks } = await motionIn({ ...flat, probe: { ...flat.probe, contacts } });
    expect([motion, looks]).toEqual([undefined, []]);
  }, 60_000);
});
