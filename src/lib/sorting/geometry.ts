/** Which channels lie near which: the neighbourhoods that detection, whitening, features and matching work in. */
import { type Probe } from '../model/recording.ts';

/** Distance of two contacts in µm; contacts on different shanks are infinitely far apart. */
export function contactDistance(probe: Probe, a: number, b: number): number {
  const first = probe.contacts[a];
  const second = probe.contacts[b];
  if (!first || !second) throw new RangeError(`the probe has no contact ${first ? b : a}`);
  if (first.shank !== second.shank) return Infinity;
  const dx = first.x - second.x;
  const dy = first.y - second.y;
  return Math.sqrt(dx * dx + dy * dy);
}

export interface NeighbourOptions {
  radiusUm: number;
  /** At most so many a channel, itself included. */
  maxCount: number;
  /** Channels to leave out: 1 where usable, one a channel. */
  usable: Uint8Array;
}

/**
 * For each channel its neighbours, itself first, then by distance and channel number. An unusable channel has none.
 */
export function findNeighbours(probe: Probe, { radiusUm, maxCount, usable }: NeighbourOptions): Int32Array[] {
  const channelCount = probe.contacts.length;
  return Array.from({ length: channelCount }, (_, channel) => {
    if (!usable[channel]) return new Int32Array(0);
    const near: { other: number; distance: number }[] = [];
    for (let other = 0; other < channelCount; other++) {
      const distance = contactDistance(probe, channel, other);
      if (usable[other] && (other === channel || distance <= radiusUm)) near.push({ other, distance });
    }
    near.sort(
      (a, b) =>
        Number(b.other === channel) - Number(a.other === channel) ||
        a.distance - b.distance ||
        a.other - b.other
    );
    return Int32Array.from(near.slice(0, maxCount), ({ other }) => other);
  });
}
