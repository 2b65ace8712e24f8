/** Reads a sorting back from its NWB file, with the probe it stands on and, for a generated recording, its truth. */
import { expose } from 'comlink';
import { blobSource } from '#lib/bytes/byte-source.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type Probe, type SessionMetadata } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { installErrorTransfer } from './error-transfer.ts';
import { compareWithTruth, type TruthComparison } from './truth-comparison.ts';

export interface ReadResult {
  sorting: Sorting;
  probe: Probe;
  channelIds: string[];
  metadata: SessionMetadata;
  truth: TruthComparison | undefined;
}

const api = {
  /**
   * @param simulation name of the generator's specification, when the sorted recording was generated
   * @throws TaggedError `nwb-no-units` and what reading throws
   */
  async read(file: Blob, simulation: string | undefined): Promise<ReadResult> {
    const nwb = await openNwb(blobSource(file));
    try {
      const sorting = nwb.readSorting();
      if (!sorting) throw new TaggedError('nwb-no-units', 'this file holds no sorted units');
      const { probe, channelIds } = nwb.electrodes(Math.max(1, sorting.channelCount));
      const truth = simulation === undefined ? undefined : await compareWithSimulation(simulation, sorting);
      return { sorting, probe, channelIds, metadata: nwb.metadata, truth };
    } finally {
      nwb.close();
    }
  }
};
export type ResultApi = typeof api;

/** Only the specification that this version knows can be generated anew. */
async function compareWithSimulation(name: string, sorting: Sorting): Promise<TruthComparison | undefined> {
  const { demonstrationSpec } = await import('#lib/simulation/specification.ts');
  if (name !== demonstrationSpec.name) return undefined;
  const { generateRecording } = await import('#lib/simulation/recording.ts');
  return compareWithTruth(generateRecording(demonstrationSpec).truth, sorting);
}

if ('DedicatedWorkerGlobalScope' in globalThis) {
  installErrorTransfer();
  expose(api);
}
export { api as resultApi };
