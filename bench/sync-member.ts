/** One member of a project, as the sync bench starts it: a real document, synchronised over real WebRTC. */
import { closeWebRtc, nodeRtc } from '../compute-node/platform/webrtc.ts';
import { type ProjectId } from '#lib/model/ids.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { rowPersistence } from '#lib/project/persistence.ts';
import { ProjectSync } from '#lib/sync/project-sync.ts';
import { memoryRows, type Participant } from '../tests/unit/project/replicas.ts';

export interface Meeting {
  secret: Uint8Array<ArrayBuffer>;
  signalling: string;
}

/** A document of which this member has nothing yet. */
export function emptyDocument(id: ProjectId, { keys }: Participant): Promise<ProjectDocument> {
  return ProjectDocument.open({ id, keys, persistence: rowPersistence(memoryRows()) });
}

export async function startSync(
  { keys }: Participant,
  document: ProjectDocument,
  { secret, signalling }: Meeting
): Promise<ProjectSync> {
  const sync = await ProjectSync.start({
    secret,
    epoch: 0,
    carrier: document.carrier,
    admit: (update, from) => document.admit(update, from),
    histories: document.histories,
    // Who has nothing yet knows nobody: it is let in, and lets in.
    admits: ({ device }) =>
      document.state.members.length === 0 || document.roleOfDevice(device) !== undefined,
    identity: {
      ...{ device: keys.device, sealingKey: keys.sealingKey, writer: document.writer },
      sign: (bytes) => keys.sign(bytes)
    },
    signalling: [signalling],
    rtc: nodeRtc()
  });
  document.onChange(() => sync.accessChanged());
  return sync;
}

export { closeWebRtc };
