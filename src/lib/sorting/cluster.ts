/**
 * Clusters the spikes of one channel: principal components of their features, isosplit6, and the same again within
 * each cluster, where components that the whole cloud hid may show.
 */
import { symmetricEigen } from '../math/linear-algebra.ts';
import { splitAtGap } from './gaps.ts';
import { isosplit6 } from './isosplit6.ts';
import { medianInPlace } from './reference.ts';
import { splitInTwo } from './two-normals.ts';

/** How often clusters are split again. */
const maxDepth = 4;
/** A cluster of fewer spikes is not split further. */
const minSplitSize = 25;
/** Fewer spikes are not set apart. */
const minClusterSize = 8;

export interface ClusterInput {
  /** spikes × row length */
  features: Float32Array<ArrayBuffer>;
  rowLength: number;
  /** Only the first so many features of a row are clustered by. */
  usedFeatures: number;
  clusterComponents: number;
  isocutThreshold: number;
  /** Spikes without those on top of them, which two normal distributions may describe. */
  clean: boolean;
}

export interface ClusterOutput {
  /** Cluster of each spike, from 0. */
  labels: Int32Array<ArrayBuffer>;
  /** clusters × row length: median of each feature. */
  medians: Float32Array<ArrayBuffer>;
}

/** The task `cluster`. */
export function clusterSpikes(input: ClusterInput): ClusterOutput {
  const { features, rowLength } = input;
  const count = features.length / rowLength;
  const labels = new Int32Array(count);
  const clusters = splitCluster(
    input,
    Int32Array.from({ length: count }, (_, i) => i),
    maxDepth
  );
  const medians = new Float32Array(clusters.length * rowLength);
  clusters.forEach((members, cluster) => {
    for (const member of members) labels[member] = cluster;
    const values = new Float32Array(members.length);
    for (let f = 0; f < rowLength; f++) {
      members.forEach((member, i) => (values[i] = features[member * rowLength + f] as number));
      medians[cluster * rowLength + f] = medianInPlace(values);
    }
  });
  return { labels, medians };
}

function splitCluster(input: ClusterInput, members: Int32Array, depth: number): Int32Array[] {
  if (depth === 0 || members.length < minSplitSize) return [members];
  const dimensions = Math.min(input.clusterComponents, input.usedFeatures, members.length - 1);
  const points = principalComponents(input, { members, dimensions });
  const labels = split(points, { dimensions, threshold: input.isocutThreshold, clean: input.clean });
  const count = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  if (count === 1) return [members];
  return Array.from({ length: count }, (_, k) => members.filter((_member, i) => labels[i] === k)).flatMap(
    (part) => splitCluster(input, part, depth - 1)
  );
}

/** By isosplit6, and where that finds one cluster, at a gap before points too few for it or into two that overlap. */
function split(
  points: Float64Array,
  { dimensions, threshold, clean }: { dimensions: number; threshold: number; clean: boolean }
): Int32Array {
  const labels = isosplit6(points, { dimensions, threshold });
  if (labels.some((label) => label > 0)) return labels;
  const most = Math.ceil(4 * threshold * threshold);
  const beyondGap = splitAtGap(points, { dimensions, least: minClusterSize, most });
  return beyondGap ?? (clean ? splitInTwo(points, { dimensions }) : undefined) ?? labels;
}

/** Scores of the members on their leading principal components: members × dimensions. */
function principalComponents(
  { features, rowLength, usedFeatures }: ClusterInput,
  { members, dimensions }: { members: Int32Array; dimensions: number }
): Float64Array {
  const width = usedFeatures;
  const mean = new Float64Array(width);
  for (const member of members)
    for (let f = 0; f < width; f++)
      mean[f] = (mean[f] as number) + (features[member * rowLength + f] as number) / members.length;
  const centred = new Float64Array(members.length * width);
  members.forEach((member, i) => {
    for (let f = 0; f < width; f++)
      centred[i * width + f] = (features[member * rowLength + f] as number) - (mean[f] as number);
  });
  const { vectors } = symmetricEigen(scatter(centred, width), width);
  const scores = new Float64Array(members.length * dimensions);
  for (let i = 0; i < members.length; i++)
    for (let d = 0; d < dimensions; d++) {
      let sum = 0;
      for (let f = 0; f < width; f++)
        sum += (vectors[d * width + f] as number) * (centred[i * width + f] as number);
      scores[i * dimensions + d] = sum;
    }
  return scores;
}

function scatter(rows: Float64Array, width: number): Float64Array {
  const result = new Float64Array(width * width);
  const count = rows.length / width;
  for (let i = 0; i < count; i++)
    for (let f = 0; f < width; f++) {
      const value = rows[i * width + f] as number;
      for (let g = f; g < width; g++)
        result[f * width + g] = (result[f * width + g] as number) + value * (rows[i * width + g] as number);
    }
  for (let f = 0; f < width; f++)
    for (let g = 0; g < f; g++) result[f * width + g] = result[g * width + f] as number;
  return result;
}
