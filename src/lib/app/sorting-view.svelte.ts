/** A sorting that is being looked at: its units as rows, their colours, what is selected, and the plots' data. */
import { autocorrelogram } from '#lib/metrics/correlogram.ts';
import { firstAtLeast, nextSpike, refractoryMs, type SoughtSpikes } from './spike-seek.ts';
import { firingRates, shortIntervalFraction } from '#lib/metrics/firing.ts';
import { type UnitColumn, type UnitRow, type UnitSort } from '#lib/components/unit-table-model.ts';
import { type TraceMarks } from '#lib/model/preview.ts';
import { type Probe } from '#lib/model/recording.ts';
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';
import { wholeWaveform } from '#lib/model/unit-waveform.ts';
import { assignUnitColors, mostSimilarUnits, selectionStyles, unitColor } from '#lib/plots/unit-colors.ts';

/** How a unit compares with the known truth. */
export interface UnitTruth {
  /** Index of the true unit it was matched with. */
  trueUnit: number;
  /** tp / (n₁ + n₂ − tp) */
  accuracy: number;
}

const baseColumns: UnitColumn[] = [
  {
    key: 'rate',
    label: 'Rate',
    unit: 'Hz',
    description: 'Spikes a second over the recording',
    kind: 'number',
    width: 60
  },
  {
    key: 'snr',
    label: 'SNR',
    description: 'Largest value of the mean waveform over the noise of its channel',
    kind: 'number',
    width: 46
  },
  {
    key: 'isi',
    label: 'ISI',
    unit: '%',
    description: 'Part of the intervals between spikes that is shorter than 1.5 ms',
    kind: 'number',
    width: 52
  },
  {
    key: 'channel',
    label: 'Ch.',
    description: 'Channel on which the unit is largest',
    kind: 'text',
    align: 'end',
    width: 42
  }
];
const classColumn: UnitColumn = {
  key: 'class',
  label: 'Class',
  description: 'What the unit classifier takes it for: one neuron (single), several (multi), or noise',
  kind: 'text',
  width: 52
};
const truthColumns: UnitColumn[] = [
  {
    key: 'truth',
    label: 'True',
    description: 'The true unit that this one was matched with',
    kind: 'number',
    whole: true,
    width: 46
  },
  {
    key: 'accuracy',
    label: 'Acc.',
    description: 'Agreement with that true unit: hits over all spikes of either',
    kind: 'number',
    width: 52
  }
];

/** Correlograms and rates of more units than this are not drawn at once. */
const mostDrawn = 8;
export const correlogramBins = { binMs: 1, windowMs: 50 };

export class SortingView {
  readonly sorting: Sorting;
  readonly probe: Probe;
  readonly channelIds: readonly string[];
  readonly colors: ReadonlyMap<number, number>;
  readonly rows: readonly UnitRow[];
  readonly columns: readonly UnitColumn[];
  readonly rateBinSeconds: number;
  readonly #units: ReadonlyMap<number, SortedUnit>;
  readonly #places: ReadonlyMap<number, { x: number; y: number }>;
  readonly #correlograms = new Map<number, Float64Array>();
  #selected = $state.raw<readonly number[]>([]);
  #sort = $state.raw<UnitSort>({ key: 'unit', descending: false });
  #filter = $state('');

  readonly #drawn = $derived(this.#selected.slice(0, mostDrawn).flatMap((id) => this.#units.get(id) ?? []));
  readonly #styles = $derived(selectionStyles(this.#selected, (unit) => this.colorOf(unit)));

  constructor(options: {
    sorting: Sorting;
    probe: Probe;
    channelIds: readonly string[];
    truth?: ReadonlyMap<number, UnitTruth> | undefined;
  }) {
    const { sorting, probe, channelIds, truth } = options;
    this.sorting = sorting;
    this.probe = probe;
    this.channelIds = channelIds;
    this.#units = new Map(sorting.units.map((unit) => [unit.id, unit]));
    const profiles = sorting.units.map((unit) => amplitudes(unit, sorting));
    const colors = assignUnitColors(mostSimilarUnits(profiles));
    this.colors = new Map(sorting.units.map((unit, index) => [unit.id, colors[index] ?? 0]));
    this.#places = new Map(
      sorting.units.map((unit, index) => [unit.id, centreOf(profiles[index] ?? new Float32Array(0), probe)])
    );
    this.rateBinSeconds = sorting.sampleCount / sorting.samplingRateHz > 600 ? 10 : 1;
    this.rows = sorting.units.map((unit) => this.#rowOf(unit, truth?.get(unit.id)));
    const isClassified = sorting.units.some(({ quality }) => quality);
    this.columns = [...baseColumns, ...(isClassified ? [classColumn] : []), ...(truth ? truthColumns : [])];
    this.#selected = sorting.units.slice(0, 3).map(({ id }) => id);
  }

  /** In the order in which they were selected. */
  get selected(): readonly number[] {
    return this.#selected;
  }
  get sort(): UnitSort {
    return this.#sort;
  }
  get filter(): string {
    return this.#filter;
  }
  get styles() {
    return this.#styles;
  }
  get durationSeconds(): number {
    return this.sorting.sampleCount / this.sorting.samplingRateHz;
  }

  select(units: readonly number[]): void {
    this.#selected = units.filter((unit) => this.#units.has(unit));
  }
  sortBy(sort: UnitSort): void {
    this.#sort = sort;
  }
  filterBy(filter: string): void {
    this.#filter = filter;
  }
  colorOf(unit: number): number {
    return this.colors.get(unit) ?? 0;
  }

  /** Whether a unit is drawn in its colour: it is selected, or nothing is. */
  isShown(unit: number): boolean {
    return this.#selected.length === 0 || this.#styles.has(unit);
  }

  /** Mean waveforms of the selected units. */
  readonly waveforms = $derived(
    this.#drawn.map((unit) => ({
      unit: unit.id,
      mainChannel: unit.mainChannel,
      mean: wholeWaveform(unit, this.sorting),
      sd: wholeWaveform(unit, { ...this.sorting, values: unit.waveformSd }),
      spikeCount: unit.spikeSamples.length
    }))
  );
  readonly correlograms = $derived(
    this.#drawn.map((unit) => ({ unit: unit.id, counts: this.#correlogramOf(unit) }))
  );
  readonly rates = $derived(
    this.#drawn.map((unit) => ({
      unit: unit.id,
      rates: firingRates(unit.spikeSamples, { ...this.sorting, binSeconds: this.rateBinSeconds })
    }))
  );
  /** Spike times of all units. */
  readonly raster = $derived.by(() =>
    this.sorting.units.map((unit) => ({
      unit: unit.id,
      times: unit.spikeSamples.map((sample) => sample / this.sorting.samplingRateHz)
    }))
  );
  /** Where the units lie on the probe: the centre of their amplitudes. */
  readonly places = $derived.by(() =>
    this.sorting.units.map((unit) => {
      const style = this.#styles.get(unit.id);
      return {
        unit: unit.id,
        ...(this.#places.get(unit.id) ?? { x: 0, y: 0 }),
        color: style?.color ?? unitColor(this.colorOf(unit.id)),
        selected: style !== undefined,
        hollow: style?.hollow ?? false
      };
    })
  );
  /** Spikes in equal stretches of the recording, for the time bar. */
  readonly activity = $derived.by(() => {
    const bins = new Array<number>(240).fill(0);
    for (const unit of this.sorting.units)
      for (const sample of unit.spikeSamples) {
        const bin = Math.min(239, Math.floor((sample / this.sorting.sampleCount) * 240));
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
    return bins;
  });

  /** Spikes of all units inside a stretch, each on its unit's main channel, in order of time. */
  marks(startSample: number, endSample: number): TraceMarks {
    const found = this.sorting.units.flatMap((unit) => {
      const from = firstAtLeast(unit.spikeSamples, startSample);
      const to = firstAtLeast(unit.spikeSamples, endSample);
      return Array.from(unit.spikeSamples.subarray(from, to), (sample) => ({ sample, unit }));
    });
    found.sort((a, b) => a.sample - b.sample);
    return {
      samples: Float64Array.from(found, ({ sample }) => sample),
      channels: Int32Array.from(found, ({ unit }) => unit.mainChannel),
      units: Int32Array.from(found, ({ unit }) => unit.id)
    };
  }

  /** The spike before or after a time, of the selected units, or of all when none is selected. */
  neighbouringSpike(
    timeSeconds: number,
    direction: 1 | -1,
    sought: SoughtSpikes = 'all'
  ): { sample: number; unit: SortedUnit } | undefined {
    const { samplingRateHz } = this.sorting;
    const at = timeSeconds * samplingRateHz;
    const minInterval = sought === 'violations' ? (refractoryMs / 1000) * samplingRateHz : undefined;
    const pool = this.#selected.length > 0 ? this.#drawn : this.sorting.units;
    let best: { sample: number; unit: SortedUnit } | undefined;
    for (const unit of pool) {
      const sample = nextSpike(unit.spikeSamples, at, direction, minInterval);
      if (sample === undefined) continue;
      if (!best || direction * (sample - best.sample) < 0) best = { sample, unit };
    }
    return best;
  }

  #rowOf(unit: SortedUnit, truth: UnitTruth | undefined): UnitRow {
    const { samplingRateHz } = this.sorting;
    return {
      unit: unit.id,
      color: this.colorOf(unit.id),
      values: {
        rate: unit.spikeSamples.length / this.durationSeconds,
        snr: unit.snr,
        isi: 100 * shortIntervalFraction(unit.spikeSamples, { samplingRateHz, refractoryMs }),
        channel: this.channelIds[unit.mainChannel] ?? String(unit.mainChannel),
        ...(unit.quality && { class: unit.quality.label }),
        truth: truth?.trueUnit ?? NaN,
        accuracy: truth?.accuracy ?? NaN
      },
      ...(unit.quality && { hints: { class: `probability ${unit.quality.probability.toFixed(2)}` } })
    };
  }

  #correlogramOf(unit: SortedUnit): Float64Array {
    const known = this.#correlograms.get(unit.id);
    if (known) return known;
    const { samplingRateHz } = this.sorting;
    const made = autocorrelogram(unit.spikeSamples, { samplingRateHz, ...correlogramBins });
    this.#correlograms.set(unit.id, made);
    return made;
  }
}

/** Peak-to-peak amplitude of a unit on each channel. */
function amplitudes(unit: SortedUnit, { channelCount, waveformWindow }: Sorting): Float32Array {
  const mean = wholeWaveform(unit, { channelCount });
  const samples = waveformWindow.beforeSamples + waveformWindow.afterSamples;
  return Float32Array.from({ length: channelCount }, (_, channel) => {
    let low = Infinity;
    let high = -Infinity;
    for (let sample = 0; sample < samples; sample++) {
      const value = mean[sample * channelCount + channel] ?? 0;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return high - low;
  });
}

/** Centre of the contacts, weighted by the squares of the amplitudes above half the largest. */
function centreOf(profile: Float32Array, probe: Probe): { x: number; y: number } {
  const top = Math.max(...profile, 1e-9);
  let sum = 0;
  let x = 0;
  let y = 0;
  probe.contacts.forEach((contact, channel) => {
    const amplitude = profile[channel] ?? 0;
    if (amplitude < top / 2) return;
    const weight = amplitude * amplitude;
    sum += weight;
    x += weight * contact.x;
    y += weight * contact.y;
  });
  return sum > 0 ? { x: x / sum, y: y / sum } : { x: 0, y: 0 };
}
