/**
 * The engine's parameters: what a user may change, said in one line each, and the one check at the pipeline's door.
 * Everything behind the door takes `SortingParameters` and trusts it.
 */
import { TaggedError } from '../model/errors.ts';
import { type ParameterSpec, type ParameterValue, type ProcessorSpec } from '../model/processor.ts';

export interface SortingParameters {
  bandLowHz: number;
  bandHighHz: number;
  reference: 'auto' | 'median' | 'mean' | 'none';
  whitenChannels: number;
  motionCorrection: 'auto' | 'none';
  peakSign: 'negative' | 'positive' | 'both';
  detectThreshold: number;
  exclusionMs: number;
  radiusUm: number;
  trainingSeconds: number;
  templateRadiusUm: number;
  clusterChannels: number;
  clusterComponents: number;
  maxClusterSpikes: number;
  isocutThreshold: number;
  mergeSimilarity: number;
  minSpikes: number;
  matchThreshold: number;
}

/** A parameter whose default is always there. */
type Specified = ParameterSpec & { name: keyof SortingParameters; default: number | string };

const specifications: Specified[] = [
  {
    name: 'bandLowHz',
    description:
      'Lower edge of the band-pass: raise it where slow waves or movement reach into the traces, lower it for broad spikes.',
    type: 'float',
    default: 300,
    min: 1,
    max: 5000,
    unit: 'Hz',
    group: 'Filter'
  },
  {
    name: 'bandHighHz',
    description:
      'Upper edge of the band-pass, never above 45 % of the sampling rate: lower it where hiss covers the spikes.',
    type: 'float',
    default: 6000,
    min: 100,
    max: 50_000,
    unit: 'Hz',
    group: 'Filter'
  },
  {
    name: 'reference',
    description:
      'What is taken off all channels at each sample; auto is the median from 32 channels on. Choose median with fewer where all of them share a disturbance.',
    type: 'str',
    default: 'auto',
    options: ['auto', 'median', 'mean', 'none'],
    group: 'Filter'
  },
  {
    name: 'whitenChannels',
    description:
      'How many of the nearest channels, its own included, each is freed of shared noise with: lower it, to 1 for none, where sites that are near lie far apart in the tissue.',
    type: 'int',
    default: 16,
    min: 1,
    max: 32,
    group: 'Filter'
  },
  {
    name: 'motionCorrection',
    description:
      'Whether tissue that moves along the probe by some µm is followed. Choose none where nothing can move, or to see what the correction changes.',
    type: 'str',
    default: 'auto',
    options: ['auto', 'none'],
    group: 'Filter'
  },
  {
    name: 'peakSign',
    description:
      'Which extrema count as spikes. Choose positive for an inverted recording, whose spikes point upwards, and both where clear spikes point either way.',
    type: 'str',
    default: 'negative',
    options: ['negative', 'positive', 'both'],
    group: 'Detection'
  },
  {
    name: 'detectThreshold',
    description:
      'How far a spike stands out, in noise standard deviations, to be learned from: lower it where small units are missed, raise it where units are noise.',
    type: 'float',
    default: 5,
    min: 2,
    max: 50,
    unit: 'noise SD',
    group: 'Detection'
  },
  {
    name: 'exclusionMs',
    description:
      'Within this time and the radius only the highest peak is learned from: raise it where one spike counts twice, lower it for near units that fire together.',
    type: 'float',
    default: 1,
    min: 0,
    max: 5,
    unit: 'ms',
    group: 'Detection'
  },
  {
    name: 'radiusUm',
    description:
      'Detection radius: peaks farther apart are separate spikes even at one time. Raise it to more than the distance of neighbouring contacts.',
    type: 'float',
    default: 60,
    min: 0,
    max: 1000,
    unit: 'µm',
    group: 'Detection'
  },
  {
    name: 'trainingSeconds',
    description:
      'How much of the recording, spread evenly, units are learned from; all of it is matched. Raise it for rare units, lower it to save time.',
    type: 'float',
    default: 100,
    min: 10,
    max: 7200,
    unit: 's',
    group: 'Clustering'
  },
  {
    name: 'templateRadiusUm',
    description:
      'How far around its main channel a unit is described and matched: raise it on widely spaced contacts, lower it to save time.',
    type: 'float',
    default: 100,
    min: 0,
    max: 1000,
    unit: 'µm',
    group: 'Clustering'
  },
  {
    name: 'clusterChannels',
    description:
      'How many of the nearest channels tell units apart in clustering: raise it where units at different places are one, lower it where contacts hardly share spikes.',
    type: 'int',
    default: 8,
    min: 1,
    max: 32,
    group: 'Clustering'
  },
  {
    name: 'clusterComponents',
    description:
      'How many principal components tell units apart in clustering: raise it where units of different shapes are one, lower it where units have few spikes.',
    type: 'int',
    default: 10,
    min: 1,
    max: 20,
    group: 'Clustering'
  },
  {
    name: 'maxClusterSpikes',
    description:
      'At most so many spikes a channel are clustered, a fixed random choice: raise it where rare units share a channel with frequent ones, lower it to save time.',
    type: 'int',
    default: 4000,
    min: 100,
    max: 50_000,
    group: 'Clustering'
  },
  {
    name: 'isocutThreshold',
    description:
      'How deep the gap between two clusters is, as a score, for them to stay apart: lower it where neurons are mixed, raise it where one is split.',
    type: 'float',
    default: 2,
    min: 0.5,
    max: 10,
    group: 'Clustering'
  },
  {
    name: 'mergeSimilarity',
    description:
      'From this likeness on (1 is equal) two templates are one unit at once, below it spike times decide: lower it where neurons are split, raise it where they are mixed.',
    type: 'float',
    default: 0.98,
    min: 0.3,
    max: 1,
    group: 'Units'
  },
  {
    name: 'minSpikes',
    description:
      'A unit with fewer spikes is dropped, though in short recordings half as many as they have seconds, or 8, are enough: lower it for rare units, raise it to clear up.',
    type: 'int',
    default: 20,
    min: 2,
    max: 100_000,
    group: 'Units'
  },
  {
    name: 'matchThreshold',
    description:
      'How far a spike stands out, in noise standard deviations of its unit’s filter, to be assigned: lower it where a unit lacks spikes, raise it where it holds others.',
    type: 'float',
    default: 4,
    min: 2,
    max: 50,
    unit: 'noise SD',
    group: 'Units'
  }
];

/** The built-in sorter as users and compute nodes see it. */
export const engineProcessor: ProcessorSpec = {
  app: 'dendro',
  name: 'sort',
  version: '0.6.0',
  label: 'Dendro sorter',
  description:
    'Band-pass, local whitening, motion correction, matched-filter detection, isosplit6 clustering per channel neighbourhood, then template matching. ' +
    'Runs in the browser and on compute nodes with the same result.',
  inputs: [{ name: 'recording', description: 'The extracellular recording to sort.' }],
  outputs: [{ name: 'sorting', description: 'NWB file with the electrodes and the sorted units.' }],
  parameters: specifications,
  resources: { numCpus: 2, numGpus: 0, memoryGb: 2, timeSec: 86_400 }
};

/**
 * The complete parameters for the given values: defaults are filled in, everything else is checked.
 * @throws TaggedError `parameter-invalid` naming the parameter in `details.parameter`.
 */
export function resolveParameters(values: Record<string, ParameterValue> = {}): SortingParameters {
  const known = new Set<string>(specifications.map(({ name }) => name));
  for (const name of Object.keys(values))
    if (!known.has(name)) throw invalid(name, `there is no parameter '${name}'`);
  const resolved = Object.fromEntries(
    specifications.map((specification) => [specification.name, checkedValue(specification, values)])
  ) as unknown as SortingParameters;
  if (resolved.bandLowHz >= resolved.bandHighHz)
    throw invalid(
      'bandLowHz',
      `bandLowHz (${resolved.bandLowHz}) must be below bandHighHz (${resolved.bandHighHz})`
    );
  return resolved;
}

/** Spikes that a unit of a recording of so many seconds needs: see `minSpikes`. */
export function fewestSpikes({ minSpikes }: SortingParameters, seconds: number): number {
  return Math.min(minSpikes, Math.max(8, Math.ceil(seconds / 2)));
}

function checkedValue(specification: Specified, values: Record<string, ParameterValue>): number | string {
  const { name } = specification;
  const value = values[name];
  if (value === undefined || value === null) return specification.default;
  if (specification.type === 'str') {
    if (typeof value === 'string' && specification.options?.includes(value)) return value;
    throw invalid(name, `${name} must be one of ${specification.options?.join(', ')}`);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(name, `${name} must be a number`);
  if (specification.type === 'int' && !Number.isInteger(value))
    throw invalid(name, `${name} must be a whole number`);
  const { min = -Infinity, max = Infinity } = specification;
  if (value < min || value > max) throw invalid(name, `${name} must lie between ${min} and ${max}`);
  return value;
}

function invalid(parameter: string, message: string): TaggedError {
  return new TaggedError('parameter-invalid', message, { parameter });
}
