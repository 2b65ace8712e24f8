/** Orders and neighbourhoods of a probe's contacts. */
import { type Contact, type Probe } from '#lib/model/recording.ts';

/** Channels as rows of a trace plot: shank by shank, from the largest y down, then from left to right. */
export function channelsByDepth(probe: Probe): number[] {
  return probe.contacts
    .map((contact, channel) => ({ contact, channel }))
    .sort(
      (a, b) =>
        a.contact.shank - b.contact.shank ||
        b.contact.y - a.contact.y ||
        a.contact.x - b.contact.x ||
        a.channel - b.channel
    )
    .map(({ channel }) => channel);
}

/** The channels nearest to one, itself first. */
export function nearestChannels(probe: Probe, channel: number, count: number): number[] {
  const centre = probe.contacts[channel];
  if (!centre) return [];
  return probe.contacts
    .map((contact, index) => ({ index, distance: Math.hypot(contact.x - centre.x, contact.y - centre.y) }))
    .sort((a, b) => a.distance - b.distance || a.index - b.index)
    .slice(0, count)
    .map(({ index }) => index);
}

/** The smallest distance between two contacts in µm; 20 where there is only one. */
export function contactPitch(contacts: readonly Contact[]): number {
  let pitch = Infinity;
  const sorted = [...contacts].sort((a, b) => a.y - b.y);
  sorted.forEach((contact, index) => {
    for (let next = index + 1; next < sorted.length; next++) {
      const other = sorted[next];
      if (!other || other.y - contact.y >= pitch) break;
      const distance = Math.hypot(contact.x - other.x, contact.y - other.y);
      if (distance > 0) pitch = Math.min(pitch, distance);
    }
  });
  return Number.isFinite(pitch) ? pitch : 20;
}

/** The contact that an arrow key reaches from one: the nearest in that direction, sideways distance counting double. */
export function contactTowards(contacts: readonly Contact[], from: number, dx: number, dy: number): number {
  const start = contacts[from];
  if (!start) return from;
  let best = from;
  let bestCost = Infinity;
  contacts.forEach((contact, index) => {
    const along = (contact.x - start.x) * dx + (contact.y - start.y) * dy;
    const aside = Math.abs((contact.x - start.x) * dy) + Math.abs((contact.y - start.y) * dx);
    if (along <= 0) return;
    const cost = along + 2 * aside;
    if (cost < bestCost) {
      bestCost = cost;
      best = index;
    }
  });
  return best;
}
