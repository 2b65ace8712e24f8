/** Words for what can be wrong with recordings, probe files and results. */
import { type Describe } from './error-text.ts';

const pickAnother = 'Check that the file was copied whole, or choose another one. Nothing was changed.';

export const fileTexts: Record<string, Describe> = {
  'file-missing': ({ message }) => ({
    what: sentence(message),
    remedy: 'Check the name and whether the disk is connected.'
  }),
  'file-unreadable': ({ message }) => ({
    what: sentence(message),
    remedy: 'It may have been moved, changed or locked: open it again. Nothing was changed.'
  }),
  'hdf5-external-link': ({ message }) => ({
    what: sentence(message),
    remedy: 'Links into other files are not followed. Open the file that holds the data itself.'
  }),
  'hdf5-external-storage': ({ message }) => ({
    what: `${sentence(message)} Its data lie outside this file.`,
    remedy: 'Data outside the opened file are never read. Repack it into one file first (h5repack does that).'
  }),
  'hdf5-filter-missing': ({ message }) => ({
    what: `${sentence(message)} It is compressed in a way that is not built in.`,
    remedy: 'Repack it with gzip: h5repack -f GZIP=4 IN.nwb OUT.nwb.'
  }),
  'hdf5-truncated': () => ({ what: 'The HDF5 file is damaged or cut off.', remedy: pickAnother }),
  'hdf5-unreadable': ({ message }) => ({ what: sentence(message), remedy: pickAnother }),
  'not-hdf5': () => ({
    what: 'This is not an HDF5 file, so it is no NWB file.',
    remedy:
      'For raw binary data give the layout (channels, sampling rate, sample type) and a name without .nwb.'
  }),
  'nwb-invalid': ({ message }) => ({ what: sentence(message), remedy: pickAnother }),
  'nwb-no-series': ({ message }) => ({
    what: sentence(message),
    remedy: 'Choose a file with a raw recording (an ElectricalSeries).'
  }),
  'probe-file-invalid': ({ message }) => ({
    what: sentence(message),
    remedy: 'Write it anew with probeinterface (write_probeinterface), wired to the recording’s channels.'
  }),
  'raw-size-mismatch': ({ message }) => ({
    what: sentence(message),
    remedy: 'Check the number of channels, the sample type and the bytes to skip at the start.'
  })
};

/** Messages begin in lower case so that they can follow a name; as a sentence they do not. */
function sentence(message: string): string {
  const text = message.trim();
  const capital = /^[a-z][a-z]/.test(text) ? (text[0]?.toUpperCase() ?? '') + text.slice(1) : text;
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
