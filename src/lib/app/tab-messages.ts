/**
 * What the tabs of one browser say to each other about a project: the one that holds its connections tells how they
 * are and what streams over them, and runs errands for the others. Read as unknown, since tabs may be of two versions.
 */
import { JobConsole, JobProgress, NodeInfo } from '#lib/compute/protocol.ts';
import { ErrorRecord } from '#lib/model/errors.ts';
import { DeviceId, FileId, JobId } from '#lib/model/ids.ts';
import { Presence } from '#lib/sync/presence.ts';
import * as v from 'valibot';

const maxMembers = 1000;
const count = v.pipe(v.number(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(4096));
const session = v.pipe(v.string(), v.uuid());

const SyncStatus = v.variant('state', [
  v.object({ state: v.picklist(['stopped', 'connecting', 'alone']) }),
  v.object({ state: v.literal('connected'), devices: count }),
  v.object({
    state: v.literal('failing'),
    step: v.picklist([
      'no-meeting-place',
      'signalling-unreachable',
      'no-candidate-pair',
      'handshake-refused'
    ]),
    error: ErrorRecord
  })
]);

const ReachedNode = v.object({
  device: DeviceId,
  carrier: v.picklist(['webrtc', 'loopback']),
  info: v.undefinedable(NodeInfo)
});
/** A compute node that some tab of this browser is connected to. */
export type ReachedNode = v.InferOutput<typeof ReachedNode>;

const Seen = v.object({ device: DeviceId, presence: Presence });

const ConnectionState = v.object({
  status: SyncStatus,
  /** What the others look at. */
  presence: v.pipe(v.array(Seen), v.maxLength(maxMembers)),
  devices: v.pipe(v.array(DeviceId), v.maxLength(maxMembers)),
  nodes: v.pipe(v.array(ReachedNode), v.maxLength(maxMembers))
});
/** A project's connections as a tab that does not hold them sees them. */
export type ConnectionState = v.InferOutput<typeof ConnectionState>;

const TransferFigures = v.object({
  doneBytes: count,
  totalBytes: count,
  rate: v.undefinedable(count),
  secondsLeft: v.undefinedable(count),
  silentSeconds: v.undefinedable(count)
});
const transfers = v.pipe(v.array(v.tuple([FileId, TransferFigures])), v.maxLength(maxMembers));

const LiveNews = v.variant('kind', [
  v.object({ kind: v.literal('progress'), progress: JobProgress }),
  v.object({
    kind: v.literal('console'),
    job: JobId,
    firstLine: JobConsole.entries.firstLine,
    lines: JobConsole.entries.lines
  }),
  v.object({ kind: v.literal('transfers'), sending: transfers, returning: transfers })
]);
/** Something that came from a node, or how far bytes are. */
export type LiveNews = v.InferOutput<typeof LiveNews>;

const SharedPlace = v.object({ share: text, path: text });
/** Where a node finds a recording itself. */
export type SharedPlace = v.InferOutput<typeof SharedPlace>;
/** What a leading tab answers to the errand `find-shared`. */
export const SharedPlaces = v.pipe(v.array(SharedPlace), v.maxLength(5000));

/** Offers and answers that people carry; read by peer/carried-text.ts. */
const carried = v.pipe(v.string(), v.maxLength(64 * 1024));

const Errand = v.variant('kind', [
  v.object({ kind: v.literal('fetch-result'), file: FileId }),
  v.object({ kind: v.literal('fetch-log'), job: JobId }),
  v.object({ kind: v.literal('find-shared'), file: FileId, device: DeviceId }),
  v.object({ kind: v.literal('node-space'), device: DeviceId, free: v.boolean() }),
  v.object({ kind: v.literal('make-offer') }),
  v.object({ kind: v.literal('answer-offer'), text: carried }),
  v.object({ kind: v.literal('accept-answer'), text: carried }),
  v.object({ kind: v.literal('show-place'), presence: Presence })
]);
/** Something that only the tab with the connections can do. */
export type Errand = v.InferOutput<typeof Errand>;

export const TabMessage = v.variant('kind', [
  /** A tab was opened: whoever leads says how things are. */
  v.object({ kind: v.literal('ask') }),
  v.object({ kind: v.literal('state'), leader: session, state: ConnectionState }),
  v.object({ kind: v.literal('live'), leader: session, news: LiveNews }),
  v.object({ kind: v.literal('gone'), leader: session }),
  v.object({ kind: v.literal('errand'), id: session, errand: Errand }),
  v.object({ kind: v.literal('done'), id: session, value: v.unknown() }),
  v.object({ kind: v.literal('failed'), id: session, error: ErrorRecord })
]);
export type TabMessage = v.InferInput<typeof TabMessage>;
