// docs/benchmarks-real.md: what `npm run bench:real` found in recordings of real brains.
import { scoreSorting } from '#lib/metrics/score.ts';
import { markdownTable } from './markdown.ts';

export interface RealSorting {
  sorter: string;
  samplingRateHz: number;
  /** Spike samples, one array a unit. */
  trains: Float64Array[];
  /** Why there is no sorting. */
  failure?: string;
}

/** How well a sorter found the expert's unit. */
export interface StarlingScore {
  sorter: string;
  failure?: string;
  /** Units in the trials sorted as one recording. */
  units: number;
  /** The unit of these that agrees best. */
  best: { common: number; expert: number; sorted: number; agreement: number };
  /** Agreement of all units' spikes together. */
  unionAgreement: number;
  /** Units in each trial sorted by itself. */
  alone: { units: number; failure?: string }[];
  /** Agreement of each trial's best unit, spikes counted over the trials. */
  agreementAlone: number;
}

export interface RealResults {
  locust: { name: string; seconds: number; sorted: RealSorting[] }[];
  starling: StarlingScore[];
  expertSpikes: number;
}

/** From this agreement on a unit of one sorter is one of another's. */
const sameUnit = 0.5;

/** The whole page, Markdown. */
export function realPage({ locust, starling, expertSpikes }: RealResults): string {
  return [
    '# The sorting engine on recordings of real brains',
    '',
    'Written by `npm run bench:real`. Every sorter had its default parameters, one thread and the same samples; ours is `dendro sort` as a user runs it. Agreement of two spike trains is n₁₂ / (n₁ + n₂ − n₁₂), where n₁₂ spikes are common to both (within 0.4 ms), as SpikeInterface defines it.',
    '',
    ...(starling.length === 0 ? [] : starlingSection(starling, expertSpikes)),
    ...locust.flatMap(locustSection)
  ].join('\n');
}

function starlingSection(scores: readonly StarlingScore[], expertSpikes: number): string[] {
  const head = [
    ...['sorter', 'units', 'best unit', 'found', 'missed', 'extra', 'all units together'],
    ...['units a trial', 'best unit of each trial']
  ];
  const rows = scores.map(({ sorter, units, best, unionAgreement, alone, agreementAlone, failure }) => {
    const ofTrials = alone.map((trial) => (trial.failure === undefined ? String(trial.units) : 'failed'));
    const lastCells = [ofTrials.join(', '), agreementAlone.toFixed(3)];
    if (failure !== undefined) return [sorter, 'failed', '–', '–', '–', '–', '–', ...lastCells];
    const { common, expert, sorted } = best;
    return [
      ...[sorter, String(units), best.agreement.toFixed(3)],
      ...[common, expert - common, sorted - common].map(String),
      unionAgreement.toFixed(3),
      ...lastCells
    ];
  });
  return [
    '## Starling, one channel, an expert’s spikes',
    '',
    `Three trials of 13.28 s of one electrode in a starling's auditory forebrain (CMM, 20 kHz; D. Meliza's recordings for teaching), in which an expert sorted ${expertSpikes} spikes of one neuron. The amplifier inverts, so that spikes point upwards, where sorters do not look by default: samples were negated, for all alike.`,
    '',
    'The trials were sorted as one recording, one after the other; the unit that agrees best with the expert is shown, and the agreement of all units’ spikes taken together. The last columns are of each trial sorted by itself, where the neuron has 16 to 18 spikes: the spikes of the best unit of each trial, counted over all trials. Where a sorter has no unit, or fails, nothing is found. In recordings this short Dendro keeps units of 8 spikes and more (`minSpikes`).',
    '',
    markdownTable([head, ...rows]),
    '',
    ...scores.flatMap(failures)
  ];
}

/** What a sorter said where it failed; the same words once. */
function failures({ sorter, failure, alone }: StarlingScore): string[] {
  const said = new Set([failure, ...alone.map((trial) => trial.failure)]);
  return [...said].flatMap((words) => (words === undefined ? [] : [`${sorter} failed: \`${words}\``, '']));
}

function locustSection({ name, seconds, sorted }: RealResults['locust'][number]): string[] {
  const worked = sorted.filter(({ failure }) => failure === undefined);
  const failed = sorted.flatMap(({ sorter, failure }) =>
    failure === undefined ? [] : [`${sorter} failed: \`${failure}\``, '']
  );
  return [
    `## Locust, a tetrode (${name}, ${seconds.toFixed(1)} s)`,
    '',
    'A trial of a tetrode in a locust’s antennal lobe (15 kHz; C. Pouzat’s recordings). No truth is known, so sorters are compared with each other. The file says nothing of the contacts’ places: for every sorter they are a square of 25 µm, and a count is 1 µV.',
    '',
    `Units of the sorter at the left whose best agreement with a unit of the one above is ${sameUnit} or more; in brackets the mean best agreement.`,
    '',
    markdownTable([
      ['', 'units', ...worked.map(({ sorter }) => sorter)],
      ...worked.map((one) => [
        ...[one.sorter, String(one.trains.length)],
        ...worked.map((other) => (one === other ? '–' : agreeing(bestAgreements(one, other))))
      ])
    ]),
    '',
    ...bestTable(worked),
    ...failed
  ];
}

/** Our units one by one. */
function bestTable([ours, ...others]: readonly RealSorting[]): string[] {
  if (!ours || others.length === 0) return [];
  const columns = others.map((other) => bestAgreements(ours, other));
  const rows = ours.trains.map((train, unit) => [
    ...[String(unit), String(train.length)],
    ...columns.map((best) => (best[unit] ?? 0).toFixed(2))
  ]);
  const head = [`unit of ${ours.sorter}`, 'spikes', ...others.map(({ sorter }) => sorter)];
  return [
    'Best agreement of each of our units with a unit of the others:',
    '',
    markdownTable([head, ...rows]),
    ''
  ];
}

/** For each unit of the first, the agreement with the unit of the second that is most alike. */
function bestAgreements(first: RealSorting, second: RealSorting): number[] {
  const { agreement } = scoreSorting(first, second);
  const columns = second.trains.length;
  return first.trains.map((_, unit) =>
    Math.max(0, ...agreement.subarray(unit * columns, (unit + 1) * columns))
  );
}

function agreeing(best: readonly number[]): string {
  const same = best.filter((value) => value >= sameUnit).length;
  const mean = best.reduce((sum, value) => sum + value, 0) / Math.max(1, best.length);
  return `${same} (${mean.toFixed(2)})`;
}
