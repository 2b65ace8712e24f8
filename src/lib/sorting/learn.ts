/** Learning the units: prepare, features, motion, detect, cluster, then again from spikes without those on top of them. */
import { checkpoint } from './checkpoint.ts';
import { spreadChunks } from './chunks.ts';
import { type FeatureSpace, learnBasis, makeFeatureSpace, snippetWindow } from './features.ts';
import { findMotion } from './find-motion.ts';
import { contactDistance, findNeighbours } from './geometry.ts';
import { runInOrder } from './in-order.ts';
import { freeNow } from './kernels/free-memory.ts';
import { type MatchedFilter, makeMatchedFilter } from './matched-filter.ts';
import { type Matcher, makeMatchers } from './matchers.ts';
import { type LocatedPeaks } from './motion/localise.ts';
import { type Motion } from './motion/motion.ts';
import { type Preparation, prepare } from './prepare.ts';
import { Remainders } from './remainders.ts';
import { type ChannelSpikes, SpikeReservoir, capacityOf } from './reservoir.ts';
import { type Run, overChunks, resume } from './run.ts';
import { settleTemplates } from './settle.ts';
import { type Template, centreTemplate, makeTemplates } from './templates.ts';
import { addInto } from './waveforms.ts';

/** A spike is described by at most so many channels. */
const maxTemplateChannels = 32;
/** Chunks that the temporal components are learned from. */
const basisChunks = 10;
/** The first templates are learned from this part of the training chunks, those that count from all. */
const firstPart = 0.5;
/** Clean spikes of one unit are alike, so fewer components tell whether they are two. */
const cleanComponents = 5;

/** What is known once the units are learned: enough to explain every chunk by itself. */
export interface Learned {
  preparation: Preparation;
  space: FeatureSpace;
  filter: MatchedFilter;
  templates: Template[];
}

interface Detected {
  preparation: Preparation;
  space: FeatureSpace;
  filter: MatchedFilter;
  spikes: ChannelSpikes[];
}

/** @param key names the run: what was kept of another one does not count */
export async function learn(run: Run, key: string): Promise<Learned> {
  const first = await learnFirst(run, key);
  return { ...first, templates: await refineTemplates(run, first) };
}

/** With the first templates. The spikes that they come from, which take much memory, end here. */
async function learnFirst(run: Run, key: string): Promise<Learned> {
  const { source, parameters, pool, signal, scratch } = run;
  const { spikes, ...detected } = await resume(
    checkpoint<Detected>(scratch, { name: 'detected', key }),
    async () => {
      const onProgress = run.report('prepare');
      const prepared = await prepare({ source, parameters, pool, signal, onProgress });
      const features = await learnFeatures(run, prepared);
      const motion = await followMotion(run, prepared);
      const learned = { preparation: { ...prepared, ...(motion && { motion }) }, ...features };
      return { ...learned, spikes: await detectAll(run, learned) };
    }
  );
  const templates = await findTemplates(run, {
    ...{ ...detected, spikes, components: parameters.clusterComponents, clean: false },
    report: run.report('cluster')
  });
  return { ...detected, templates };
}

async function learnFeatures(
  run: Run,
  preparation: Preparation
): Promise<{ space: FeatureSpace; filter: MatchedFilter }> {
  const { source, parameters, grid } = run;
  const { probe } = source.info;
  const samplingRateHz = source.info.samplingRateHz / preparation.decimation;
  const window = snippetWindow(samplingRateHz);
  const total = new Float64Array(window.length * window.length);
  const autocorrelation = new Float64Array(window.length);
  await overChunks(run, {
    task: 'moments',
    indices: spreadChunks(grid, basisChunks),
    input: { preparation },
    onResult: (chunk) => {
      addInto(total, chunk.moments);
      addInto(autocorrelation, chunk.autocorrelation);
    },
    onProgress: run.report('features')
  });
  const neighbours = findNeighbours(probe, {
    radiusUm: parameters.templateRadiusUm,
    maxCount: maxTemplateChannels,
    usable: preparation.usable
  });
  const basis = learnBasis(total, window);
  const filter = makeMatchedFilter({
    ...{ shape: basis.subarray(0, window.length), window, samplingRateHz, sign: parameters.peakSign },
    autocorrelation: autocorrelation.map((product) => product / (autocorrelation[0] || 1)),
    around: neighbours.map((near, channel) => ({
      near,
      distances: Float64Array.from(near, (other) => contactDistance(probe, channel, other))
    }))
  });
  return { space: makeFeatureSpace(basis, { window, neighbours }), filter };
}

async function followMotion(run: Run, preparation: Preparation): Promise<Motion | undefined> {
  const { source, grid, parameters } = run;
  if (parameters.motionCorrection === 'none') return undefined;
  return findMotion({
    source,
    preparation,
    chunkCount: grid.chunkCount,
    locate: async (count, localisation, { from, to }) => {
      const located: LocatedPeaks[] = [];
      const report = run.report('motion');
      await overChunks(run, {
        task: 'locate',
        indices: spreadChunks(grid, count),
        input: { preparation, localisation },
        onResult: (peaks) => located.push(peaks),
        onProgress: (fraction) => report(from + fraction * (to - from))
      });
      return located;
    }
  });
}

/** The chunks that units are learned from, or a part of so many, spread over the recording. */
function trainingChunks({ source, parameters, grid }: Run, part: number): number[] {
  const samples = part * parameters.trainingSeconds * source.info.samplingRateHz;
  return spreadChunks(grid, Math.ceil(samples / grid.coreSamples));
}

async function detectAll(
  run: Run,
  { preparation, space, filter }: Omit<Detected, 'spikes'>
): Promise<ChannelSpikes[]> {
  const { source, parameters, seed } = run;
  const { channelCount } = source.info;
  const reservoir = new SpikeReservoir(channelCount, {
    rowLength: space.rowLength,
    capacity: capacityOf(parameters.maxClusterSpikes, { channelCount, rowLength: space.rowLength }),
    seed
  });
  await overChunks(run, {
    task: 'detect',
    indices: trainingChunks(run, firstPart),
    input: { preparation, space, filter },
    onResult: (detected) => {
      reservoir.add(detected);
      freeNow(detected.features);
    },
    onProgress: run.report('detect')
  });
  return reservoir.take();
}

interface Clusters extends Pick<Detected, 'preparation' | 'space'> {
  /** Spikes that are clustered by themselves, as they were chosen; `channel` is where they are described. */
  spikes: (ChannelSpikes & Pick<Template, 'remainder'>)[];
  components: number;
  /** Whether they are without those on top of them. */
  clean: boolean;
  report: (fraction: number) => void;
}

/** Clusters each group of spikes and makes templates of the clusters. */
async function findTemplates(
  run: Run,
  { spikes, preparation, space, components, clean, report }: Clusters
): Promise<Template[]> {
  const { parameters, pool, signal, source } = run;
  const found = await runInOrder(spikes, {
    limit: pool.size + 1,
    signal,
    run: async (group) => {
      const width = Math.min(parameters.clusterChannels, space.neighbours[group.channel]?.length ?? 1);
      const clusters = await pool.run(
        'cluster',
        {
          features: group.features,
          rowLength: space.rowLength,
          usedFeatures: width * space.componentCount,
          clusterComponents: components,
          isocutThreshold: parameters.isocutThreshold,
          clean
        },
        { transfer: [group.features.buffer], ...(signal && { signal }) }
      );
      freeNow(group.features);
      return makeTemplates(group, { clusters, space }).map((template) =>
        centreTemplate(template, { beforeSamples: space.window.beforeSamples, sign: parameters.peakSign })
      );
    },
    onDone: (done) => report(done / spikes.length)
  });
  const { samplingRateHz, sampleCount } = source.info;
  return settleTemplates(found.flat(), {
    parameters,
    templateRateHz: samplingRateHz / preparation.decimation,
    seconds: sampleCount / samplingRateHz
  });
}

/**
 * The second pass: the spikes that the first templates explain, each without those on top of it, are clustered again
 * and give the templates that count.
 */
async function refineTemplates(
  run: Run,
  { preparation, space, filter, templates }: Learned
): Promise<Template[]> {
  const { parameters, seed } = run;
  const report = run.report('refine');
  const mainChannels = Int32Array.from(templates, ({ mainChannel }) => mainChannel);
  const reservoir = new SpikeReservoir(templates.length, {
    rowLength: space.rowLength,
    capacity: capacityOf(parameters.maxClusterSpikes, {
      channelCount: templates.length,
      rowLength: space.rowLength
    }),
    seed
  });
  const remainders = new Remainders(templates, space);
  await overChunks(run, {
    task: 'cleanSpikes',
    indices: trainingChunks(run, 1),
    input: {
      ...{ preparation, space, window: space.window, filter, mainChannels },
      matchers: matchersOf(run, { preparation, space, filter, templates }),
      threshold: parameters.matchThreshold
    },
    onResult: ({ left, ...spikes }) => {
      reservoir.add(spikes);
      remainders.add(left);
      freeNow(spikes.features, left.sums);
    },
    onProgress: (fraction) => report(0.9 * fraction)
  });
  const spikes = reservoir.take().map((group) => ({
    ...group,
    channel: mainChannels[group.channel] as number,
    remainder: remainders.take(group.channel)
  }));
  return findTemplates(run, {
    ...{ spikes, preparation, space, components: cleanComponents, clean: true },
    report: (fraction) => report(0.9 + 0.1 * fraction)
  });
}

/** The templates as matching uses them. */
export function matchersOf({ source }: Run, { preparation, space, filter, templates }: Learned): Matcher[] {
  return makeMatchers(templates, {
    ...{ filter, beforeSamples: space.window.beforeSamples },
    samplingRateHz: source.info.samplingRateHz / preparation.decimation
  });
}
