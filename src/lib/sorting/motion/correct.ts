/**
 * Traces as the channels would have seen them without motion: each is interpolated from its neighbours at the place to
 * which its tissue has moved (kriging, as in Kilosort 2.5, Steinmetz et al., Science 2021, doi:10.1126/science.abf4588).
 *
 * The kernel is Gaussian. On generated units moved by half a row (2 × 16 contacts, pitch 20 µm) it leaves 0.1 % of the
 * waveforms' energy as error and keeps the noise at 0.98 of its SD; the exponential kernel that is also in use leaves
 * 0.9 % and 0.75, and noise that changes with the displacement changes what is detected.
 */
import { cholesky, solveCholesky } from '../../math/linear-algebra.ts';
import { exp } from '../../math/portable.ts';
import { type Contact, type Probe } from '../../model/recording.ts';
import { type Whitening } from '../whitening.ts';

/** Standard deviation of the kernel: this, or the distance of neighbouring contacts where they lie farther apart. */
const kernelSdUm = 20;
/** Added to the diagonal: keeps close contacts from weights that are large and of opposite sign. */
const ridge = 0.001;
const maxSources = 32;
/** Sources are looked for within so many kernel SDs; farther ones get no weight worth its sum. */
const reachSds = 4;
/** Smaller weights are left out: of a correction, and, by the largest of the row, of a composite. */
const leastWeight = 0.002;

/** One weighted sum a channel, in the form of a whitening and applied like one; no channels for an unusable one. */
export type SparseRows = Whitening;

export interface CorrectionOptions {
  probe: Probe;
  /** 1 where the channel carries a signal, one a channel: others are neither made nor used. */
  usable: Uint8Array;
}

/**
 * The rows that undo a displacement. Of none at all they are the identity.
 * @param displacementUm Of the tissue that belongs to each channel's depth (see `displacementOfChannels`), one a
 * channel, or one for all. Beyond the probe's ends nothing is known: there the rows fade to zero.
 */
export function correctionRows(
  displacementUm: number | ArrayLike<number>,
  { probe, usable }: CorrectionOptions
): SparseRows {
  const { contacts } = probe;
  const sd = Math.max(kernelSdUm, contactSpacing(contacts));
  const rows: SparseRows = { neighbours: [], weights: [] };
  contacts.forEach((contact, channel) => {
    const moved = typeof displacementUm === 'number' ? displacementUm : (displacementUm[channel] ?? 0);
    const row = usable[channel]
      ? moved === 0
        ? { channels: [channel], weights: [1] }
        : krige({ ...contact, y: contact.y + moved }, { contacts, usable, sd })
      : { channels: [], weights: [] };
    rows.neighbours.push(Int32Array.from(row.channels));
    rows.weights.push(Float64Array.from(row.weights));
  });
  return rows;
}

/** The median contact's distance from its nearest neighbour; 0 of one contact alone. */
function contactSpacing(contacts: readonly Contact[]): number {
  const nearest = contacts
    .map((a) => {
      let least = Infinity;
      for (const b of contacts) {
        const distance = squaredDistance(a, b);
        if (a !== b && distance < least) least = distance;
      }
      return least;
    })
    .filter((value) => value < Infinity)
    .sort((a, b) => a - b);
  return Math.sqrt(nearest[nearest.length >> 1] ?? 0);
}

type Place = Pick<Contact, 'x' | 'y' | 'shank'>;

function squaredDistance(a: Place, b: Place): number {
  if (a.shank !== b.shank) return Infinity;
  const dx = a.x - b.x;
  const dy = a.y - b.y;
  return dx * dx + dy * dy;
}

interface Field {
  contacts: readonly Contact[];
  usable: Uint8Array;
  sd: number;
}

/** Weights of the channels nearest to a place that together tell its value. */
function krige(place: Place, { contacts, usable, sd }: Field): { channels: number[]; weights: number[] } {
  const reach = reachSds * reachSds * sd * sd;
  const near = contacts
    .map((contact, channel) => ({ channel, distance: squaredDistance(place, contact) }))
    .filter(({ channel, distance }) => usable[channel] && distance <= reach)
    .sort((a, b) => a.distance - b.distance || a.channel - b.channel)
    .slice(0, maxSources);
  const n = near.length;
  const similarity = (distance: number) => exp(-distance / (2 * sd * sd));
  const matrix = new Float64Array(n * n);
  near.forEach((a, i) =>
    near.forEach((b, j) => {
      const distance = squaredDistance(contacts[a.channel] as Contact, contacts[b.channel] as Contact);
      matrix[i * n + j] = similarity(distance) + (i === j ? ridge : 0);
    })
  );
  // A kernel matrix with a ridge is positive definite.
  const factor = cholesky(matrix, n) as Float64Array;
  const right = near.map(({ distance }) => similarity(distance));
  const weights = solveCholesky(factor, right, n);
  const kept = near.map((_, i) => i).filter((i) => Math.abs(weights[i] as number) >= leastWeight);
  return {
    channels: kept.map((i) => (near[i] as { channel: number }).channel),
    weights: kept.map((i) => weights[i] as number)
  };
}
