/** The probe of a recording that brings none: a simple layout, or a probeinterface file. */
import { parseProbeinterface } from '#lib/formats/probe/probeinterface.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type Contact, type Probe } from '#lib/model/recording.ts';

export type ProbeChoice =
  { kind: 'layout'; layout: string } | { kind: 'file'; fileName: string; probe: Probe };

interface ProbeLayout {
  id: string;
  label: string;
  /** Place of a channel in µm. */
  place: (channel: number) => { x: number; y: number };
}

export const probeLayouts: readonly ProbeLayout[] = [
  { id: 'column', label: 'One column, 20 µm apart', place: (channel) => ({ x: 0, y: 20 * channel }) },
  {
    id: 'tetrode',
    label: 'Tetrodes of 4, 25 µm',
    // Tetrodes stand far enough apart that none is another's neighbour.
    place: (channel) => ({
      x: 25 * (channel % 2) + 1000 * Math.floor(channel / 4),
      y: 25 * Math.floor((channel % 4) / 2)
    })
  },
  {
    id: 'two-columns',
    label: 'Two columns, 32 × 20 µm',
    place: (channel) => ({ x: 32 * (channel % 2), y: 20 * Math.floor(channel / 2) })
  }
];

/** Four channels are most often a tetrode; else one column, as where nothing is known. */
export function guessProbeLayout(channelCount: number): Extract<ProbeChoice, { kind: 'layout' }> {
  return { kind: 'layout', layout: channelCount === 4 ? 'tetrode' : 'column' };
}

/** The probe, or in plain words why it does not fit the channels. */
export function probeOf(choice: ProbeChoice, channelCount: number): Probe | { problem: string } {
  if (choice.kind === 'file') {
    const contacts = choice.probe.contacts.length;
    if (contacts === channelCount) return choice.probe;
    return { problem: `The probe has ${contacts} contacts, the file ${channelCount} channels.` };
  }
  const layout = probeLayouts.find(({ id }) => id === choice.layout) ?? probeLayouts[0];
  const contacts = Array.from({ length: channelCount }, (_, channel): Contact => ({
    id: String(channel),
    ...(layout?.place(channel) ?? { x: 0, y: 0 }),
    shank: layout?.id === 'tetrode' ? Math.floor(channel / 4) : 0
  }));
  return { contacts, origin: 'layout' };
}

const largestProbeFile = 16 * 1024 * 1024;

/** @throws TaggedError when it is no probeinterface file, or too large for one. */
export async function readProbeFile(file: File): Promise<Extract<ProbeChoice, { kind: 'file' }>> {
  if (file.size > largestProbeFile)
    throw new TaggedError('probe-file-invalid', `${file.name} is too large for a probe file`, {
      size: file.size
    });
  return { kind: 'file', fileName: file.name, probe: parseProbeinterface(await file.text()) };
}
