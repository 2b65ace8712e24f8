import { describe, expect, it } from 'vitest';
import { generateRecording, int16Chunks } from '#lib/simulation/recording.ts';
import { demonstrationSpec, probe32Spec, tetrodeSpec } from '#lib/simulation/specification.ts';

const spec = tetrodeSpec(3, 4);

function fingerprint(values: ArrayLike<number>): number {
  let hash = 17;
  for (let i = 0; i < values.length; i++)
    hash = (Math.imul(hash, 31) + Math.round((values[i] ?? 0) * 1000)) | 0;
  return hash;
}

describe('a generated recording', () => {
  it('is the same, bit for bit, however it is cut', async () => {
    const whole = await generateRecording(spec).source.read(0, 12_000);
    const { source } = generateRecording(spec);
    for (const [start, end] of [
      [11_999, 12_000],
      [4095, 8193],
      [0, 1],
      [1, 4097],
      [6000, 6000]
    ] as const) {
      const part = await source.read(start, end);
      for (let channel = 0; channel < 4; channel++) {
        const expected = whole.subarray(channel * 12_000 + start, channel * 12_000 + end);
        expect(part.subarray(channel * (end - start), (channel + 1) * (end - start))).toEqual(expected);
      }
    }
  });

  it('is decided by its seed', async () => {
    const first = await generateRecording(spec).source.read(0, 3000);
    const other = await generateRecording({ ...spec, seed: 4 }).source.read(0, 3000);
    expect(fingerprint(first)).not.toBe(fingerprint(other));
    expect(fingerprint(await generateRecording(tetrodeSpec(3, 4)).source.read(0, 3000))).toBe(
      fingerprint(first)
    );
  });

  it('has the same first second of the demonstration in every engine', async () => {
    const { source, truth } = generateRecording(demonstrationSpec);
    expect(fingerprint(await source.read(0, 3000))).toMatchInlineSnapshot(`-861949048`);
    expect(truth.trains.map(fingerprint)).toMatchInlineSnapshot(`
      [
        -2114536105,
        -487473031,
        -385229881,
        829142785,
        896145585,
        -1188156209,
        831962487,
        262963233,
        -504710265,
        606133191,
        16995807,
        -147277961,
        -15601463,
        1485468313,
        -172470105,
        -185792161,
        939894959,
        -1996171295,
      ]
    `);
  });

  it('gives µV that are exactly its int16 counts times the gain', async () => {
    const recording = generateRecording(spec);
    const values = await recording.source.read(500, 900);
    const counts = recording.readCounts(500, 900);
    for (let sample = 0; sample < 400; sample++)
      for (let channel = 0; channel < 4; channel++)
        expect(values[channel * 400 + sample]).toBe(
          Math.fround((counts[sample * 4 + channel] ?? NaN) * spec.gainUv)
        );
  });

  it('is written in chunks that join to the whole', () => {
    const recording = generateRecording({ ...spec, seconds: 0.5 });
    const joined = [...int16Chunks(recording, { chunkSamples: 4001 })].flatMap((chunk) => [...chunk]);
    expect(joined).toEqual([...recording.readCounts(0, 15_000)]);
  });

  it('refuses ranges outside of it and stops when aborted', async () => {
    const { source } = generateRecording(spec);
    await expect(source.read(-1, 10)).rejects.toThrow(RangeError);
    await expect(source.read(0, 120_001)).rejects.toThrow(RangeError);
    await expect(source.read(0, 0.5)).rejects.toThrow(RangeError);
    await expect(source.read(0, 10, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});

describe('the units of a generated recording', () => {
  const recording = generateRecording(spec);

  it('have the amplitudes that were asked for, at the spike sample of their main channel', () => {
    recording.trueUnits.forEach((unit, i) => {
      expect(unit.amplitudeUv / (spec.unitAmplitudesUv[i] ?? NaN)).toBeCloseTo(1, 1.5);
      const { template, mainChannel, templateWindow } = unit;
      const wave = Array.from({ length: template.length / 4 }, (_, s) => template[s * 4 + mainChannel] ?? 0);
      const trough = wave.reduce(
        (best, value, s) => (Math.abs(value) > Math.abs(wave[best] ?? 0) ? s : best),
        0
      );
      expect(trough).toBe(templateWindow.beforeSamples);
      expect(Math.abs(wave[0] ?? NaN)).toBe(0);
      expect(Math.abs(wave.at(-1) ?? NaN)).toBe(0);
    });
  });

  it('have another shape on each channel, not one waveform scaled', () => {
    const { trueUnits } = generateRecording(demonstrationSpec);
    const least = trueUnits.map(({ template, mainChannel }) => {
      const samples = template.length / 32;
      const wave = (channel: number) =>
        Array.from({ length: samples }, (_, s) => template[s * 32 + channel] ?? 0);
      const size = (values: number[]) => Math.sqrt(values.reduce((total, value) => total + value * value, 0));
      const main = wave(mainChannel);
      const likeness = Array.from({ length: 32 }, (_, channel) => wave(channel))
        .filter((values) => size(values) > 0.2 * size(main))
        .map(
          (values) =>
            values.reduce((total, value, s) => total + value * (main[s] ?? 0), 0) / size(values) / size(main)
        );
      expect(likeness.length).toBeGreaterThan(1);
      return Math.min(...likeness);
    });
    expect(Math.max(...least)).toBeLessThan(0.999);
    expect(least.filter((value) => value < 0.95).length).toBeGreaterThan(12);
  });

  it('stand in the samples: the mean over its spikes is the template', async () => {
    const { source, truth, trueUnits } = recording;
    const whole = await source.read(0, source.info.sampleCount);
    const unit = trueUnits[0];
    const train = truth.trains[0];
    if (!unit || !train) throw new Error('the specification has units');
    const { beforeSamples, afterSamples } = unit.templateWindow;
    const row = unit.mainChannel * source.info.sampleCount;
    let trough = 0;
    let baseline = 0;
    for (const spike of train) {
      trough += (whole[row + spike] ?? NaN) / train.length;
      baseline += (whole[row + spike - beforeSamples] ?? NaN) / train.length;
      expect(spike - beforeSamples).toBeGreaterThanOrEqual(0);
      expect(spike + afterSamples).toBeLessThanOrEqual(source.info.sampleCount);
    }
    expect(train.length).toBeGreaterThan(3);
    // Jitter, fatigue, and the slow field (25 µV, in few spikes) remain.
    expect(Math.abs(trough - baseline) / unit.amplitudeUv).toBeGreaterThan(0.75);
    expect(Math.abs(trough - baseline) / unit.amplitudeUv).toBeLessThan(1.15);
  });

  it('keep their refractory time, fire at about their rate, and some burst', () => {
    const { truth, trueUnits, source } = generateRecording(probe32Spec(5));
    let shortIntervals = 0;
    truth.trains.forEach((train, i) => {
      const intervals = Array.from(
        { length: train.length - 1 },
        (_, k) => (train[k + 1] ?? 0) - (train[k] ?? 0)
      );
      expect(Math.min(...intervals)).toBeGreaterThanOrEqual(90);
      const rate = train.length / (source.info.sampleCount / 30_000);
      expect(rate).toBeGreaterThan(1);
      expect(rate).toBeLessThan(12);
      if (trueUnits[i]?.bursting)
        shortIntervals += intervals.filter((samples) => samples < 270).length / intervals.length;
    });
    expect(trueUnits.some((unit) => unit.bursting)).toBe(true);
    expect(trueUnits.every((unit) => unit.bursting)).toBe(false);
    expect(shortIntervals).toBeGreaterThan(0.2);
  });
});

describe('the demonstration', () => {
  it('has 32 channels on two shanks, 60 s at 30 kHz and exactly 18 known units', () => {
    const { source, truth, trueUnits } = generateRecording(demonstrationSpec);
    expect(source.info).toMatchObject({ channelCount: 32, samplingRateHz: 30_000, sampleCount: 1_800_000 });
    expect(new Set(source.info.probe.contacts.map((contact) => contact.shank))).toEqual(new Set([0, 1]));
    expect(truth.trains).toHaveLength(18);
    for (const unit of trueUnits)
      expect(source.info.probe.contacts[unit.mainChannel]?.shank).toBe(unit.shank);
  });
});
