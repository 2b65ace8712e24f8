/** Draws the neurons of a generated recording: where they lie, how their membrane currents run, how they fire. */
import { type RandomStream } from '#lib/math/random.ts';
import { type Contact } from '#lib/model/recording.ts';
import { exp, log } from '#lib/math/portable.ts';
import { type LogNormalRates, type Range } from './specification.ts';

/** A neuron as a line of current sources (see templates.ts). Lengths in µm, times in ms. */
export interface Neuron {
  /** Soma: x and y as the contacts', z away from their plane. */
  position: { x: number; y: number; z: number };
  shank: number;
  /** Unit vector from the soma along the apical dendrite. */
  axis: { x: number; y: number; z: number };
  /** Extremum of the mean waveform on the main channel, in µV. */
  amplitudeUv: number;
  /** Standard deviation of the inward current's Gaussian. */
  troughWidthMs: number;
  /** Of the outward current: delay, width and size relative to the inward one. */
  repolarisation: { delayMs: number; widthMs: number; size: number };
  /** The dendrite's own currents: size at the soma, decay and speed along it. */
  dendrite: { size: number; decayUm: number; speedUmPerMs: number; returnDecayUm: number };
  rateHz: number;
  bursting: boolean;
}

export interface PlacementOptions {
  contacts: readonly Contact[];
  depthUm: Range;
  marginUm: number;
  minimumDistanceUm: number;
}

export function between(stream: RandomStream, [low, high]: Range): number {
  return low + (high - low) * stream.uniform();
}

/**
 * Places neurons around the shanks, in turn, each at the given distance from those before it; where no room is left the
 * best of 200 places is taken.
 */
export function placeNeurons(
  stream: RandomStream,
  count: number,
  options: PlacementOptions
): Neuron['position'][] {
  const shanks = [...new Set(options.contacts.map((contact) => contact.shank))].sort((a, b) => a - b);
  const placed: Neuron['position'][] = [];
  for (let i = 0; i < count; i++) {
    const shank = shanks[i % shanks.length];
    const own = options.contacts.filter((contact) => contact.shank === shank);
    placed.push(findPlace(stream, own, placed, options));
  }
  return placed;
}

function findPlace(
  stream: RandomStream,
  contacts: readonly Contact[],
  placed: readonly Neuron['position'][],
  options: PlacementOptions
): Neuron['position'] {
  const { marginUm, depthUm, minimumDistanceUm } = options;
  const xs = contacts.map((contact) => contact.x);
  const ys = contacts.map((contact) => contact.y);
  let best = { x: 0, y: 0, z: 0 };
  let bestDistance = -1;
  for (let attempt = 0; attempt < 200 && bestDistance < minimumDistanceUm; attempt++) {
    const place = {
      x: between(stream, [Math.min(...xs) - marginUm, Math.max(...xs) + marginUm]),
      y: between(stream, [Math.min(...ys) - marginUm, Math.max(...ys) + marginUm]),
      z: between(stream, depthUm)
    };
    let distance = Infinity;
    for (const other of placed) {
      const [dx, dy, dz] = [place.x - other.x, place.y - other.y, place.z - other.z];
      distance = Math.min(distance, Math.sqrt(dx * dx + dy * dy + dz * dz));
    }
    if (distance > bestDistance) {
      best = place;
      bestDistance = distance;
    }
  }
  return best;
}

export interface NeuronOptions {
  position: Neuron['position'];
  shank: number;
  amplitudeUv: number;
  rateHz: Range | LogNormalRates;
  burstingShare: number;
}

/** Draws the shape and the firing of one neuron; about a third have narrow waveforms, as interneurons do. */
export function drawNeuron(stream: RandomStream, options: NeuronOptions): Neuron {
  const narrow = stream.uniform() < 0.35;
  // Mostly along the shank, as cortical apical dendrites are, upwards or downwards.
  const tilt = { x: 0.5 * stream.normal(), y: stream.uniform() < 0.5 ? -1 : 1, z: 0.5 * stream.normal() };
  const length = Math.sqrt(tilt.x * tilt.x + tilt.y * tilt.y + tilt.z * tilt.z);
  return {
    position: options.position,
    shank: options.shank,
    axis: { x: tilt.x / length, y: tilt.y / length, z: tilt.z / length },
    amplitudeUv: options.amplitudeUv,
    troughWidthMs: between(stream, narrow ? [0.06, 0.085] : [0.09, 0.14]),
    repolarisation: {
      delayMs: between(stream, narrow ? [0.22, 0.32] : [0.35, 0.6]),
      widthMs: between(stream, narrow ? [0.09, 0.16] : [0.18, 0.3]),
      size: between(stream, [0.15, 0.45])
    },
    dendrite: {
      size: between(stream, [0.1, 0.35]),
      decayUm: between(stream, [80, 200]),
      speedUmPerMs: between(stream, [200, 500]),
      returnDecayUm: between(stream, [25, 80])
    },
    rateHz: drawRate(stream, options.rateHz),
    bursting: stream.uniform() < options.burstingShare
  };
}

function drawRate(stream: RandomStream, rates: Range | LogNormalRates): number {
  if (!('medianHz' in rates)) return between(stream, rates);
  const { medianHz, sigma, rangeHz } = rates;
  const rate = exp(log(medianHz) + sigma * stream.normal());
  return Math.min(rangeHz[1], Math.max(rangeHz[0], rate));
}
