/** Probe files of the probeinterface library (JSON): contacts with positions, and how they are wired to channels. */
import * as v from 'valibot';
import { TaggedError } from '../../model/errors.ts';
import { type Contact, type Probe } from '../../model/recording.ts';

const mostContacts = 65_536;
const largestFile = 64 << 20;

const ProbeFile = v.object({
  specification: v.literal('probeinterface'),
  probes: v.pipe(
    v.array(
      v.object({
        ndim: v.optional(v.picklist([2, 3])),
        si_units: v.optional(v.picklist(['um', 'mm', 'm'])),
        annotations: v.optional(v.record(v.string(), v.unknown())),
        contact_positions: v.pipe(
          v.array(v.pipe(v.array(v.pipe(v.number(), v.finite())), v.minLength(2), v.maxLength(3))),
          v.minLength(1),
          v.maxLength(mostContacts)
        ),
        contact_ids: v.optional(v.array(v.union([v.string(), v.number()]))),
        shank_ids: v.optional(v.array(v.union([v.string(), v.number()]))),
        device_channel_indices: v.nullish(v.array(v.nullable(v.pipe(v.number(), v.integer()))))
      })
    ),
    v.minLength(1),
    v.maxLength(64)
  )
});
type ProbeEntry = v.InferOutput<typeof ProbeFile>['probes'][number];

/** A contact and the channel it is wired to. */
interface Wired extends Contact {
  channel: number;
}

const micrometres = { um: 1, mm: 1000, m: 1e6 } as const;

/**
 * Reads a probe file. Contacts stand in channel order as `device_channel_indices` says; without it they are taken in the
 * order of the file. Contacts that are not connected (−1) are left out.
 * @throws TaggedError `probe-file-invalid`
 */
export function parseProbeinterface(text: string): Probe {
  if (text.length > largestFile) throw invalid('it is too large');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw invalid('it is no JSON', cause);
  }
  const parsed = v.safeParse(ProbeFile, document);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw invalid(`${v.getDotPath(issue) ?? 'the top level'}: ${issue.message}`);
  }
  return wireProbes(parsed.output.probes);
}

function wireProbes(probes: ProbeEntry[]): Probe {
  const shanks = new Map<string, number>();
  const wired: Wired[] = [];
  for (const [index, probe] of probes.entries())
    wired.push(...readContacts(probe, { index, shanks, before: wired.length }));
  wired.sort((a, b) => a.channel - b.channel);
  if (wired.length === 0) throw invalid('no contact is connected to a channel');
  const gap = wired.findIndex(({ channel }, i) => channel !== i);
  if (gap >= 0)
    throw invalid(
      `device_channel_indices must name every channel from 0 on once; channel ${gap} is missing or double`
    );
  const name = probes.length === 1 ? probeName(probes[0]) : undefined;
  const contacts = wired.map(({ channel: _channel, ...contact }) => contact);
  return { ...(name === undefined ? {} : { name }), contacts, origin: 'probe-file' };
}

/** Probes of one file stand beside each other, so that their contacts are not taken for neighbours. */
const probeDistanceUm = 10_000;

function readContacts(
  probe: ProbeEntry,
  place: { index: number; shanks: Map<string, number>; before: number }
): Wired[] {
  const {
    contact_positions: positions,
    contact_ids: ids,
    shank_ids: shankIds,
    device_channel_indices: wiring
  } = probe;
  for (const [name, list] of Object.entries({
    contact_ids: ids,
    shank_ids: shankIds,
    device_channel_indices: wiring
  }))
    if (list && list.length !== positions.length)
      throw invalid(`${name} has ${list.length} entries for ${positions.length} contacts`);
  const scale = micrometres[probe.si_units ?? 'um'];
  return positions.flatMap(([x = 0, y = 0], i) => {
    const channel = wiring ? (wiring[i] ?? -1) : place.before + i;
    if (channel < 0) return [];
    const key = `${place.index} ${String(shankIds?.[i] ?? '')}`;
    const shank = place.shanks.get(key) ?? place.shanks.size;
    place.shanks.set(key, shank);
    const id = String(ids?.[i] ?? i).slice(0, 128);
    return [{ id, x: x * scale + place.index * probeDistanceUm, y: y * scale, shank, channel }];
  });
}

function probeName(probe: ProbeEntry | undefined): string | undefined {
  const name = probe?.annotations?.model_name ?? probe?.annotations?.name;
  return typeof name === 'string' && name.length > 0 ? name.slice(0, 256) : undefined;
}

function invalid(why: string, cause?: unknown): TaggedError {
  return new TaggedError(
    'probe-file-invalid',
    `this is no usable probeinterface file: ${why}`,
    { why },
    { cause }
  );
}
