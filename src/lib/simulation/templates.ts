/**
 * Mean waveforms of a neuron on every channel. The neuron is a line of current sources: the soma, its dendrites, into
 * which the spike runs back ever wider and later, and the passive return current, so that the sum is zero at any time.
 * Each contact sees another mixture of them, hence another shape (G. R. Holt and C. Koch, J. Comput. Neurosci. 6, 1999,
 * doi:10.1023/A:1008832702585; C. Gold et al., J. Neurophysiol. 95, 2006, doi:10.1152/jn.00979.2005).
 */
import { exp } from '#lib/math/portable.ts';
import { type Contact } from '#lib/model/recording.ts';
import { type Neuron } from './neurons.ts';

/** Positions along the axis in µm, the soma first. */
const compartmentsUm = [0, -15, -30, -45, -60, -80, -100, 20, 40, 60, 80, 100, 130, 160];
/** Contacts are no points: distances do not go below this. */
const contactRadiusUm = 8;
/** Spikes are placed on a grid of this many steps a sample. */
export const phasesPerSample = 8;
/** A channel whose waveform stays below this, in µV, is left out: less than two counts. */
const smallestUv = 0.4;
/** Templates of so many displacements are kept for each moving neuron. */
const keptDisplacements = 6;

export interface Template {
  /** The window around the spike's sample: [−beforeSamples, afterSamples). */
  beforeSamples: number;
  afterSamples: number;
  mainChannel: number;
  /** Channels that see the unit, ascending. */
  channels: Int32Array;
  /**
   * µV; phases × seen channels × window samples. Phase p is the waveform of a spike (p − phasesPerSample/2)
   * / phasesPerSample samples after the spike's sample.
   */
  waveforms: Float32Array<ArrayBuffer>;
}

export interface TemplateOptions {
  contacts: readonly Contact[];
  samplingRateHz: number;
}

/** What a neuron's waveforms share wherever the tissue has moved: its currents, and what they are measured by. */
export interface Anchor {
  neuron: Neuron;
  contacts: readonly Contact[];
  beforeSamples: number;
  samples: number;
  mainChannel: number;
  /** From currents to µV: the neuron has its amplitude where it was placed. */
  scale: number;
  /** Compartments × samples: the currents at each phase. */
  phases: Float64Array[];
  /** The same at the spike's own sample. */
  fine: Float64Array;
}

/** Computes a neuron's waveforms at every phase, scaled to its amplitude and with the extremum at time zero. */
export function makeTemplate(neuron: Neuron, options: TemplateOptions): Template {
  return moveTemplate(anchorNeuron(neuron, options), 0);
}

/** Prepares the waveforms of a neuron at any place: size and time zero are those of where it was placed. */
export function anchorNeuron(neuron: Neuron, { contacts, samplingRateHz }: TemplateOptions): Anchor {
  const beforeSamples = Math.round(0.0012 * samplingRateHz);
  const afterSamples = Math.round(0.0026 * samplingRateHz);
  const samples = beforeSamples + afterSamples;
  const coupling = contacts.map((contact) => coupleContact(neuron, contact));
  const fine = currents(neuron, { samplingRateHz, beforeSamples, samples, lagSamples: 0 });
  const { mainChannel, extremum } = findMainChannel(coupling, fine, samples);
  const lagSamples = locateExtremum(neuron, {
    samplingRateHz,
    coupling: coupling[mainChannel] as Float64Array,
    nearSamples: extremum.index - beforeSamples
  });
  const phases = Array.from({ length: phasesPerSample }, (_, phase) => {
    const shift = lagSamples - (phase - phasesPerSample / 2) / phasesPerSample;
    return currents(neuron, { samplingRateHz, beforeSamples, samples, lagSamples: shift });
  });
  const scale = neuron.amplitudeUv / Math.abs(extremum.value);
  return { neuron, contacts, beforeSamples, samples, mainChannel, scale, phases, fine };
}

/** The waveforms of a neuron that has moved along the probe; its main channel stays that of where it was placed. */
export function moveTemplate(anchor: Anchor, displacementUm: number): Template {
  const { neuron, contacts, beforeSamples, samples, mainChannel, scale, phases, fine } = anchor;
  const { position } = neuron;
  const moved = { ...neuron, position: { ...position, y: position.y + displacementUm } };
  const coupling = contacts.map((contact) => coupleContact(moved, contact));
  const seen = contacts
    .map((_, channel) => channel)
    .filter((channel) => scale * largest(coupling[channel] as Float64Array, fine, samples).size > smallestUv);
  const waveforms = new Float32Array(phasesPerSample * seen.length * samples);
  phases.forEach((sources, phase) =>
    seen.forEach((channel, index) => {
      const start = (phase * seen.length + index) * samples;
      const target = waveforms.subarray(start, start + samples);
      mixSources(target, { sources, coupling: coupling[channel] as Float64Array, scale });
      taper(target);
    })
  );
  const afterSamples = samples - beforeSamples;
  return { beforeSamples, afterSamples, mainChannel, channels: Int32Array.from(seen), waveforms };
}

/** Templates of a moving neuron, on a grid of displacements; the last few are kept, since tissue moves slowly. */
export class MovingTemplate {
  readonly #anchor: Anchor;
  readonly #kept = new Map<number, Template>();

  constructor(anchor: Anchor) {
    this.#anchor = anchor;
  }

  /** The template nearest to a displacement, to 1 µm. */
  at(displacementUm: number): Template {
    const step = Math.round(displacementUm) + 0; // −0 and 0 are one step
    const known = this.#kept.get(step);
    if (known) return known;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= keptDisplacements) this.#kept.delete(oldest);
    const made = moveTemplate(this.#anchor, step);
    this.#kept.set(step, made);
    return made;
  }
}

/** How strongly each compartment's current is seen at a contact: one over the distance, as in a homogeneous medium. */
function coupleContact(neuron: Neuron, contact: Contact): Float64Array {
  const { position, axis } = neuron;
  return Float64Array.from(compartmentsUm, (along) => {
    const x = position.x + along * axis.x - contact.x;
    const y = position.y + along * axis.y - contact.y;
    const z = position.z + along * axis.z;
    return 1 / Math.sqrt(x * x + y * y + z * z + contactRadiusUm * contactRadiusUm);
  });
}

function gaussian(t: number, width: number): number {
  return exp((-t * t) / (2 * width * width));
}

/** The spike's own current at a distance along the dendrite, in ms; the inward peak at the soma is −1. */
function activeCurrent(neuron: Neuron, distanceUm: number, tMs: number): number {
  const { troughWidthMs, repolarisation, dendrite } = neuron;
  const late = tMs - distanceUm / dendrite.speedUmPerMs;
  const widening = 1 + distanceUm / 160;
  const inward = gaussian(late, troughWidthMs * widening);
  const outward = gaussian(late - repolarisation.delayMs, repolarisation.widthMs * widening);
  const size = distanceUm === 0 ? 1 : dendrite.size * exp(-distanceUm / dendrite.decayUm);
  return size * (repolarisation.size * outward - inward);
}

interface Timing {
  samplingRateHz: number;
  beforeSamples: number;
  samples: number;
  /** Added to every sample's time. */
  lagSamples: number;
}

/** Membrane current of every compartment; compartments × samples, summing to zero at each sample. */
function currents(neuron: Neuron, timing: Timing): Float64Array {
  const { samplingRateHz, beforeSamples, samples, lagSamples } = timing;
  const values = new Float64Array(compartmentsUm.length * samples);
  const shares = compartmentsUm.map((along) =>
    along === 0 ? 0 : exp(-Math.abs(along) / neuron.dendrite.returnDecayUm)
  );
  const allShares = shares.reduce((total, share) => total + share, 0);
  for (let sample = 0; sample < samples; sample++) {
    const tMs = ((sample - beforeSamples + lagSamples) * 1000) / samplingRateHz;
    let total = 0;
    compartmentsUm.forEach((along, k) => {
      const current = activeCurrent(neuron, Math.abs(along), tMs);
      values[k * samples + sample] = current;
      total += current;
    });
    shares.forEach((share, k) => {
      const index = k * samples + sample;
      values[index] = (values[index] as number) - (total * share) / allShares;
    });
  }
  return values;
}

interface Mixture {
  sources: Float64Array;
  coupling: Float64Array;
  scale: number;
}

function mixSources(target: Float32Array, { sources, coupling, scale }: Mixture): void {
  const samples = target.length;
  for (let sample = 0; sample < samples; sample++) {
    let value = 0;
    for (let k = 0; k < coupling.length; k++)
      value += (coupling[k] as number) * (sources[k * samples + sample] as number);
    target[sample] = scale * value;
  }
}

/** Brings both ends of a waveform to zero within a sixth of its length, so that none ends in a step. */
function taper(waveform: Float32Array): void {
  const length = Math.floor(waveform.length / 6);
  for (let i = 0; i < length; i++) {
    const rise = i / length;
    const weight = rise * rise * (3 - 2 * rise);
    waveform[i] = (waveform[i] as number) * weight;
    waveform[waveform.length - 1 - i] = (waveform[waveform.length - 1 - i] as number) * weight;
  }
}

/** The sample of largest magnitude of one channel's mixture. */
function largest(coupling: Float64Array, sources: Float64Array, samples: number) {
  const waveform = new Float32Array(samples);
  mixSources(waveform, { sources, coupling, scale: 1 });
  let index = 0;
  for (let i = 1; i < samples; i++)
    if (Math.abs(waveform[i] as number) > Math.abs(waveform[index] as number)) index = i;
  return { index, value: waveform[index] as number, size: Math.abs(waveform[index] as number) };
}

function findMainChannel(coupling: readonly Float64Array[], sources: Float64Array, samples: number) {
  let mainChannel = 0;
  let extremum = { index: 0, value: 0, size: -1 };
  coupling.forEach((weights, channel) => {
    const found = largest(weights, sources, samples);
    if (found.size > extremum.size) {
      mainChannel = channel;
      extremum = found;
    }
  });
  return { mainChannel, extremum };
}

/** Time of the main channel's extremum in samples, to 1/64 of a sample. */
function locateExtremum(
  neuron: Neuron,
  {
    samplingRateHz,
    coupling,
    nearSamples
  }: { samplingRateHz: number; coupling: Float64Array; nearSamples: number }
): number {
  const steps = 64;
  const samples = 2 * steps + 1;
  const fine = currents(neuron, {
    samplingRateHz: samplingRateHz * steps,
    beforeSamples: steps,
    samples,
    lagSamples: nearSamples * steps
  });
  return nearSamples + (largest(coupling, fine, samples).index - steps) / steps;
}
