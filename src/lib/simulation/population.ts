/** Who fires in a generated recording: its neurons, their waveforms and their spikes. */
import { randomStream } from '#lib/math/random.ts';
import { type Displacement } from './drift.ts';
import { type Neuron, between, drawNeuron, placeNeurons } from './neurons.ts';
import { type SimulationSpec } from './specification.ts';
import {
  type GeneratedTrain,
  type TrainOptions,
  addCompanions,
  drawTimes,
  makeTrain
} from './spike-trains.ts';
import { MovingTemplate, type Template, anchorNeuron, moveTemplate } from './templates.ts';

export interface SimulatedUnit {
  /** Where it was placed. */
  template: Template;
  train: GeneratedTrain;
  /** The template of a spike at a time, for a unit that moves. */
  templateAt?: (timeSeconds: number) => Template;
}

/** Known neurons, one for each amplitude asked for, and those of the background, which lie farther off. */
export function drawNeurons(spec: SimulationSpec): { known: Neuron[]; background: Neuron[] } {
  const { units, background, probe } = spec;
  const shanks = [...new Set(probe.contacts.map((contact) => contact.shank))].sort((a, b) => a - b);
  const shankOf = (i: number) => shanks[i % shanks.length] ?? 0;
  const places = placeNeurons(randomStream(spec.seed, 'places'), spec.unitAmplitudesUv.length, {
    contacts: probe.contacts,
    ...units
  });
  const known = places.map((position, i) =>
    drawNeuron(randomStream(spec.seed, 'neuron', i), {
      position,
      shank: shankOf(i),
      amplitudeUv: spec.unitAmplitudesUv[i] as number,
      rateHz: units.rateHz,
      burstingShare: units.burstingShare
    })
  );
  const far = placeNeurons(randomStream(spec.seed, 'background places'), background.count, {
    contacts: probe.contacts,
    depthUm: [units.depthUm[1], 3 * units.depthUm[1]],
    marginUm: 3 * units.marginUm,
    minimumDistanceUm: 0
  });
  return {
    known,
    background: far.map((position, i) => {
      const stream = randomStream(spec.seed, 'background neuron', i);
      const amplitudeUv = between(stream, background.amplitudeUv);
      return drawNeuron(stream, {
        position,
        shank: shankOf(i),
        amplitudeUv,
        rateHz: background.rateHz,
        burstingShare: 0
      });
    })
  };
}

export interface Scene {
  spec: SimulationSpec;
  sampleCount: number;
  displacementUm: Displacement;
  /** Names the neurons' random streams. */
  key: string;
  synchrony?: SimulationSpec['units']['synchrony'];
}

/** Waveforms and spikes of neurons. */
export function simulate(neurons: readonly Neuron[], scene: Scene): SimulatedUnit[] {
  const { spec, sampleCount, displacementUm, key, synchrony } = scene;
  const { samplingRateHz, probe } = spec;
  const anchors = neurons.map((neuron) => anchorNeuron(neuron, { contacts: probe.contacts, samplingRateHz }));
  const streams = neurons.map((_, i) => randomStream(spec.seed, 'train', `${key} ${i}`));
  const options = neurons.map((neuron, i): TrainOptions => {
    const { samples, beforeSamples } = anchors[i] as (typeof anchors)[number];
    return {
      samplingRateHz,
      sampleCount,
      marginSamples: samples - beforeSamples + 1,
      rateHz: neuron.rateHz,
      bursting: neuron.bursting,
      refractoryMs: spec.units.refractoryMs,
      amplitudeJitter: spec.units.amplitudeJitter
    };
  });
  const own = streams.map((stream, i) => drawTimes(stream, options[i] as TrainOptions));
  const times = synchrony ? drag(neurons, own, { spec, options, synchrony }) : own;
  return anchors.map((anchor, i) => {
    const train = makeTrain(
      streams[i] as (typeof streams)[number],
      times[i] as number[],
      options[i] as TrainOptions
    );
    const template = moveTemplate(anchor, 0);
    if (!spec.drift) return { template, train };
    const moving = new MovingTemplate(anchor);
    const { y } = anchor.neuron.position;
    return { template, train, templateAt: (time) => moving.at(displacementUm(time, y)) };
  });
}

/** Every neuron's times with those that its neighbours drag along. */
function drag(
  neurons: readonly Neuron[],
  times: readonly number[][],
  { spec, options, synchrony }: { spec: SimulationSpec; options: TrainOptions[]; synchrony: Synchrony }
): number[][] {
  const joined = times.map((own) => own as readonly number[]);
  neurons.forEach((neuron, i) => {
    const nearest = findNearest(neurons, neuron);
    if (nearest === undefined) return;
    joined[nearest] = addCompanions(joined[nearest] as number[], times[i] as number[], {
      stream: randomStream(spec.seed, 'synchrony', i),
      ...synchrony,
      options: options[nearest] as TrainOptions
    });
  });
  return joined.map((own) => [...own]);
}

type Synchrony = NonNullable<SimulationSpec['units']['synchrony']>;

/** The neuron nearest to another one, if there is any. */
function findNearest(neurons: readonly Neuron[], { position }: Neuron): number | undefined {
  let nearest: number | undefined;
  let least = Infinity;
  neurons.forEach(({ position: other }, i) => {
    const [dx, dy, dz] = [other.x - position.x, other.y - position.y, other.z - position.z];
    const distance = dx * dx + dy * dy + dz * dz;
    if (other === position || distance >= least) return;
    nearest = i;
    least = distance;
  });
  return nearest;
}
