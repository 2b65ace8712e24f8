/** What is known of an open recording, as a tree for reading. Pure. */
import { type InfoNode } from '#lib/components/info-node.ts';
import { type RecordingInfo, type SessionMetadata } from '#lib/model/recording.ts';
import { duration, threeDigits } from '#lib/plots/numbers.ts';

const origins: Record<RecordingInfo['probe']['origin'], string> = {
  recording: 'the recording itself',
  'probe-file': 'a probe file',
  layout: 'the layout you chose',
  assumed: 'assumed: one column at 20 µm, because the file says nothing'
};

export function recordingFacts(info: RecordingInfo, metadata: SessionMetadata): InfoNode[] {
  const { probe } = info;
  const shanks = new Set(probe.contacts.map(({ shank }) => shank)).size;
  const sections = Object.entries(metadata).flatMap(([section, values]): InfoNode[] => {
    const children = Object.entries(values ?? {}).flatMap(([name, value]): InfoNode[] =>
      value === undefined
        ? []
        : [{ label: words(name), value: Array.isArray(value) ? value.join('; ') : String(value) }]
    );
    return children.length > 0
      ? [{ label: section === 'NWBFile' ? 'Session' : words(section), children }]
      : [];
  });
  return [
    {
      label: 'Recording',
      children: [
        { label: 'Duration', value: duration(info.sampleCount / info.samplingRateHz) },
        { label: 'Sampling rate', value: `${info.samplingRateHz.toLocaleString('en-US')} Hz` },
        { label: 'Samples', value: info.sampleCount.toLocaleString('en-US') },
        { label: 'Channels', value: String(info.channelCount) },
        { label: 'Sample type', value: info.dtype },
        { label: 'Gain', value: same(info.gainUv, 'µV a count') },
        { label: 'Offset', value: same(info.offsetUv, 'µV') }
      ]
    },
    {
      label: 'Probe',
      children: [
        ...(probe.name ? [{ label: 'Name', value: probe.name }] : []),
        { label: 'Contacts', value: String(probe.contacts.length) },
        { label: 'Shanks', value: String(shanks) },
        { label: 'Positions from', value: origins[probe.origin] }
      ]
    },
    ...sections,
    {
      label: 'Channels',
      children: probe.contacts.map((contact, channel) => ({
        label: info.channelIds[channel] ?? String(channel),
        value: `x ${threeDigits(contact.x)} µm, y ${threeDigits(contact.y)} µm`
      }))
    }
  ];
}

function same(values: readonly number[], unit: string): string {
  const [first = 0] = values;
  return values.every((value) => value === first)
    ? `${threeDigits(first)} ${unit}`
    : `differs by channel (${unit})`;
}

function words(name: string): string {
  const spaced = name
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
