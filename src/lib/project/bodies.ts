/** What access and fact entries may say: plain records, parsed as hostile input. Edits are Yjs updates (view.ts). */
import * as v from 'valibot';
import { DeviceRecord, InvitableRole, PersonRecord, Role } from '../identity/person.ts';
import { fromUtf8, utf8 } from '../identity/encoding.ts';
import { mostSignalling, SignallingUrl } from '../identity/links.ts';
import { ContentRoot, DeviceId, FileId, InvitationId, JobId, PersonId, WriterId } from '../model/ids.ts';
import { JobEvent, JobSubmission, RecordingSelection } from '../model/processor.ts';
import { canonicalJson } from './canonical-json.ts';
import { commentFacts } from './comments.ts';

const largestBody = 512 * 1024;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** The author's clock in ms since 1970: shown, never folded by. */
const at = count;
const shortText = v.pipe(v.string(), v.maxLength(256));

const Found = v.object({
  type: v.literal('found'),
  at,
  /** 32 random bytes; with the founder's key they give the project id. */
  random: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  person: PersonRecord
});
const Admit = v.object({ type: v.literal('admit'), at, person: PersonRecord, role: Role });
const AddDevice = v.object({ type: v.literal('device'), at, person: PersonId, device: DeviceRecord });
export const mostCutWriters = 5000;
/** For each of the person's writers, the last seq still judged by the old role. */
const cut = v.pipe(v.array(v.object({ writer: WriterId, seq: count })), v.maxLength(mostCutWriters));
const ChangeRole = v.object({
  type: v.literal('role'),
  at,
  person: PersonId,
  role: Role,
  cut
});
/** Everything that the person writes past the cut is void, until they are admitted again. */
const RemovePerson = v.object({ type: v.literal('remove'), at, person: PersonId, cut });
const Invite = v.object({
  type: v.literal('invite'),
  at,
  invite: InvitationId,
  /** The invitation's public key; the seed stands in the link alone. */
  key: DeviceId,
  role: InvitableRole,
  /** ms since 1970; judged by the member who lets somebody in, never by the fold. */
  expires: count,
  uses: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))
});
const Revoke = v.object({ type: v.literal('revoke'), at, invite: InvitationId });
/** Written by who joins, in a log of their own: the invitation's key vouches for them. */
const Join = v.object({
  type: v.literal('join'),
  at,
  invite: InvitationId,
  key: DeviceId,
  person: PersonRecord,
  /** identity/invitation.ts */
  signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/))
});
/** Where members meet besides their nodes; the last one counts. */
const Meet = v.object({
  type: v.literal('meet'),
  at,
  signalling: v.pipe(v.array(SignallingUrl), v.maxLength(mostSignalling))
});
/** Deletes the project for everybody: nothing is run or changed in it until that is taken back. */
const DeleteProject = v.object({ type: v.literal('delete-project'), at });
const deletionEntries = v.pipe(
  v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  v.minLength(1),
  v.maxLength(1000)
);
/** Takes deletions of the project back, named by the hashes of their entries. */
const RestoreProject = v.object({ type: v.literal('restore-project'), at, deletions: deletionEntries });
/** Two histories of one writer, shown by whoever found them (fork.ts); base64url. */
const signedHeader = v.pipe(v.string(), v.maxLength(8192));
const Fork = v.object({ type: v.literal('fork'), at, first: signedHeader, second: signedHeader });
export const AccessBody = v.variant('type', [
  Found,
  Admit,
  AddDevice,
  ChangeRole,
  RemovePerson,
  Invite,
  Revoke,
  Join,
  Meet,
  DeleteProject,
  RestoreProject,
  Fork
]);
export type AccessBody = v.InferOutput<typeof AccessBody>;

export const FileFact = v.object({
  type: v.literal('file'),
  at,
  file: FileId,
  name: v.pipe(shortText, v.minLength(1)),
  size: count,
  mediaType: v.optional(shortText),
  /** ms since 1970, of a local file. */
  lastModified: v.optional(count),
  /** SHA-256 over size, first, last and 14 evenly spaced MiB (bytes/content-root.ts). */
  spotHash: v.optional(ContentRoot),
  /** Known at once for what is made; later added by a `root` fact. */
  root: v.optional(ContentRoot),
  generatedBy: v.optional(v.object({ job: JobId, output: shortText })),
  selection: v.optional(RecordingSelection),
  /** Channel positions given by the user, as JSON of model's Probe. */
  probe: v.optional(v.pipe(v.string(), v.maxLength(200_000))),
  /** What the user told about the session, as JSON of model's SessionMetadata. */
  metadata: v.optional(v.pipe(v.string(), v.maxLength(20_000))),
  /** Names the generator's specification when the recording is generated, so that its truth is known. */
  simulation: v.optional(shortText),
  /** Where a node can read it itself: one of its shared folders. */
  share: v.optional(
    v.object({ device: DeviceId, share: shortText, path: v.pipe(v.string(), v.maxLength(4096)) })
  )
});
export type FileFact = v.InferOutput<typeof FileFact>;

const RootFact = v.object({ type: v.literal('root'), at, file: FileId, root: ContentRoot });
const SubmitFact = v.object({ type: v.literal('job'), at, ...JobSubmission.entries });
const attempt = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));
const AssignFact = v.object({ type: v.literal('assign'), at, job: JobId, attempt, device: DeviceId });
const EventFact = v.object({ type: v.literal('event'), at, event: JobEvent });
const CancelFact = v.object({ type: v.literal('cancel'), at, job: JobId });
const DeleteFact = v.variant('kind', [
  v.object({ type: v.literal('delete'), at, kind: v.literal('file'), id: FileId }),
  v.object({ type: v.literal('delete'), at, kind: v.literal('job'), id: JobId })
]);
/** Takes deletions back, named by the hashes of their entries. */
const RestoreFact = v.object({ type: v.literal('restore'), at, deletions: deletionEntries });
export const FactBody = v.variant('type', [
  FileFact,
  RootFact,
  SubmitFact,
  AssignFact,
  EventFact,
  CancelFact,
  DeleteFact,
  RestoreFact,
  ...commentFacts
]);
export type FactBody = v.InferOutput<typeof FactBody>;

export function encodeBody(body: AccessBody | FactBody): Uint8Array {
  return utf8(canonicalJson(body));
}

/** `undefined` when the body is not what this version understands: the entry then stands but says nothing. */
export function decodeAccessBody(bytes: Uint8Array): AccessBody | undefined {
  return decode(AccessBody, bytes);
}

export function decodeFactBody(bytes: Uint8Array): FactBody | undefined {
  return decode(FactBody, bytes);
}

function decode<Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Uint8Array
): v.InferOutput<Schema> | undefined {
  if (bytes.length > largestBody) return undefined;
  try {
    const result = v.safeParse(schema, JSON.parse(fromUtf8(bytes)));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
