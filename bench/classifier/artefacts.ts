// Disturbances that a sorter may take for spikes, added to a generated recording: what no neuron made.
import { randomStream } from '#lib/math/random.ts';
import { type RecordingInfo, type TraceSource } from '#lib/model/recording.ts';

export type Artefacts = readonly {
  /**
   * pop: a sharp deflection of all channels that swings back; contact: the same on one channel alone; mains: a small sharp
   * edge at the mains' frequency; movement: a stretch of shaking with many swings; switch: a step that decays.
   */
  shape: 'pop' | 'contact' | 'mains' | 'movement' | 'switch';
  sizeUv: number;
  rateHz: number;
  /** How differently the channels see it: 0 all alike. */
  spread: number;
}[];

interface Event {
  /** First sample. */
  start: number;
  /** µV at each sample from the start on. */
  wave: Float32Array;
  /** One a channel. */
  gains: Float32Array;
}

/** The recording with the artefacts on it; equal arguments give equal samples however it is cut. */
export function withArtefacts(
  source: TraceSource,
  { artefacts, seed }: { artefacts: Artefacts; seed: number }
): TraceSource {
  const { info } = source;
  const events = artefacts.flatMap((artefact, i) => drawEvents(artefact, { info, seed, key: i }));
  if (events.length === 0) return source;
  return {
    info,
    async read(startSample, endSample, signal) {
      const values = await source.read(startSample, endSample, signal); // channels × samples
      const count = endSample - startSample;
      for (const { start, wave, gains } of events) {
        const from = Math.max(start, startSample);
        const to = Math.min(start + wave.length, endSample);
        if (from >= to) continue;
        gains.forEach((gain, channel) => {
          for (let t = from; t < to; t++) {
            const at = channel * count + t - startSample;
            values[at] = (values[at] as number) + gain * (wave[t - start] as number);
          }
        });
      }
      return values;
    }
  };
}

function drawEvents(
  { shape, sizeUv, rateHz, spread }: Artefacts[number],
  { info, seed, key }: { info: RecordingInfo; seed: number; key: number }
): Event[] {
  const stream = randomStream(seed, 'artefact', shape, key);
  const { samplingRateHz, sampleCount, channelCount } = info;
  const alone = shape === 'contact' ? stream.integer(channelCount) : -1;
  const channels = Float32Array.from({ length: channelCount }, (_, channel) =>
    alone >= 0 ? Number(channel === alone) : 1 + spread * stream.normal()
  );
  const usual = drawWave(stream, shape, samplingRateHz);
  const events: Event[] = [];
  let at = 0;
  for (;;) {
    at +=
      shape === 'mains'
        ? samplingRateHz / rateHz
        : (-Math.log(1 - stream.uniform()) * samplingRateHz) / rateHz + 0.002 * samplingRateHz;
    if (at + usual.length >= sampleCount) return events;
    // Each shaking is another; the others repeat with a size of their own.
    const wave = shape === 'movement' ? drawWave(stream, shape, samplingRateHz) : usual;
    const size = -sizeUv * (shape === 'mains' ? 0.3 : 1) * Math.exp(0.3 * stream.normal());
    events.push({ start: Math.floor(at), wave: wave.map((value) => size * value), gains: channels });
  }
}

/** Of size about one, its main deflection positive. */
function drawWave(
  stream: ReturnType<typeof randomStream>,
  shape: Artefacts[number]['shape'],
  samplingRateHz: number
): Float32Array {
  const ms = samplingRateHz / 1000;
  const widthMs = 0.03 + 0.3 * stream.uniform();
  const made = (lengthMs: number, value: (timeMs: number) => number) =>
    Float32Array.from({ length: Math.ceil(lengthMs * ms) }, (_, t) => value(t / ms));
  const bump = (timeMs: number, centreMs: number, width: number) =>
    Math.exp(-(((timeMs - centreMs) / width) ** 2));
  if (shape === 'movement') {
    const lengthMs = 60 + 200 * stream.uniform();
    const frequency = 0.4 + 1.5 * stream.uniform();
    let phase = 0;
    return made(lengthMs, (timeMs) => {
      phase += (2 * Math.PI * frequency * (1 + 0.3 * stream.normal())) / ms;
      return Math.sin(phase) * Math.sin((Math.PI * timeMs) / lengthMs);
    });
  }
  if (shape === 'switch') {
    const decayMs = 0.5 + 4 * stream.uniform();
    return made(6 * decayMs, (timeMs) => Math.exp(-timeMs / decayMs));
  }
  const back = 0.3 + 0.6 * stream.uniform();
  return made(
    10 * widthMs + 0.5,
    (timeMs) => bump(timeMs, 3 * widthMs, widthMs) - back * bump(timeMs, 5.5 * widthMs, 1.5 * widthMs)
  );
}
