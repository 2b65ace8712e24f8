/** isosplit6's first step: many small parcels of near points, from which its passes merge the clusters. */

interface Parcel {
  points: number[];
  radius: number;
}

export interface ParcelOptions {
  dimensions: number;
  /** Parcels of at most so many points are not split. */
  minSize: number;
  /** Splitting stops once there are so many, at the end of a sweep. */
  targetCount: number;
}

/** A parcel is split by the nearest of its first so many points. */
const splitFactor = 3;

/** Parcel number of each point, from 0; `points` is points × dimensions. */
export function parcellate(points: Float64Array, options: ParcelOptions): Int32Array {
  const { dimensions, minSize, targetCount } = options;
  const count = points.length / dimensions;
  const everything = Array.from({ length: count }, (_, i) => i);
  const parcels: Parcel[] = [makeParcel(points, everything, dimensions)];
  while (parcels.length < targetCount) {
    let target = 0;
    for (const parcel of parcels)
      if (parcel.points.length > minSize) target = Math.max(target, parcel.radius * 0.95);
    if (target === 0) break;
    const before = parcels.length;
    sweep(parcels, { points, target, options });
    // Many equal points cannot be split; without this the same sweep would repeat for ever.
    if (parcels.length === before) break;
  }
  const labels = new Int32Array(count);
  parcels.forEach((parcel, label) => {
    for (const point of parcel.points) labels[point] = label;
  });
  return labels;
}

/** Splits every parcel that is large enough, new ones included; a parcel that keeps its place is looked at again. */
function sweep(
  parcels: Parcel[],
  { points, target, options }: { points: Float64Array; target: number; options: ParcelOptions }
): void {
  const { dimensions, minSize } = options;
  for (let at = 0; at < parcels.length;) {
    const parcel = parcels[at] as Parcel;
    if (parcel.points.length <= minSize || parcel.radius < target) {
      at++;
      continue;
    }
    const [kept = [], ...others] = splitByFirstPoints(points, parcel.points, dimensions);
    parcels[at] = makeParcel(points, kept, dimensions);
    for (const other of others) if (other.length > 0) parcels.push(makeParcel(points, other, dimensions));
    if (kept.length === parcel.points.length) at++;
  }
}

function splitByFirstPoints(points: Float64Array, members: number[], dimensions: number): number[][] {
  const groups: number[][] = Array.from({ length: splitFactor }, () => []);
  for (const member of members) {
    let best = -1;
    let bestDistance = 0;
    for (let j = 0; j < splitFactor; j++) {
      const seed = members[j] as number;
      let sum = 0;
      for (let m = 0; m < dimensions; m++) {
        const difference =
          (points[seed * dimensions + m] as number) - (points[member * dimensions + m] as number);
        sum += difference * difference;
      }
      const distance = Math.sqrt(sum);
      if (best < 0 || distance < bestDistance) {
        bestDistance = distance;
        best = j;
      }
    }
    groups[best]?.push(member);
  }
  return groups;
}

function makeParcel(points: Float64Array, members: number[], dimensions: number): Parcel {
  const centroid = new Float64Array(dimensions);
  for (const member of members)
    for (let m = 0; m < dimensions; m++)
      centroid[m] = (centroid[m] as number) + (points[member * dimensions + m] as number);
  if (members.length > 0)
    for (let m = 0; m < dimensions; m++) centroid[m] = (centroid[m] as number) / members.length;
  let radius = 0;
  for (const member of members) {
    let sum = 0;
    for (let m = 0; m < dimensions; m++) {
      const difference = (centroid[m] as number) - (points[member * dimensions + m] as number);
      sum += difference * difference;
    }
    radius = Math.max(radius, Math.sqrt(sum));
  }
  return { points: members, radius };
}
