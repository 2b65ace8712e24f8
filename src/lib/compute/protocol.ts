/**
 * The control protocol between a browser and a compute node, spoken as JSON on the `control` channel of an
 * authenticated peer connection. Either side may ask; every request is answered by a reply or an error, an unknown one
 * by the error `unknown-request`, and the connection stays.
 */
import * as v from 'valibot';
import { ErrorRecord } from '#lib/model/errors.ts';
import { ContentRoot, DeviceId, FileId, JobId, PersonId, ProjectId } from '#lib/model/ids.ts';
import { ProcessorSpec } from '#lib/model/processor.ts';

/** Largest message that is read; the longest honest one is a node's description with all its processors. */
export const maxControlBytes = 1024 * 1024;
/** Console text kept for a late subscriber, and sent in one message at most. */
export const maxConsoleLines = 2000;
export const maxConsoleLineChars = 2000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const empty = v.object({});
/** A project's secret, sealed for the receiver's sealing key (identity/device-keys.ts), base64url. */
const sealedSecret = v.pipe(v.string(), v.maxLength(1024));

/** 16 random bytes: one transfer, over all its resumptions. */
export const TransferId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/), v.brand('TransferId'));
export type TransferId = v.InferOutput<typeof TransferId>;

export const NodeInfo = v.object({
  name,
  version: name,
  device: DeviceId,
  person: PersonId,
  state: v.picklist(['idle', 'busy']),
  running: count,
  queued: count,
  resources: v.object({ cpus: count, memoryBytes: count, workers: count }),
  processors: v.pipe(v.array(ProcessorSpec), v.maxLength(200)),
  /** Folders whose recordings the node reads in place. */
  shares: v.pipe(v.array(v.object({ name })), v.maxLength(200))
});
/** What a node is and can run. */
export type NodeInfo = v.InferOutput<typeof NodeInfo>;

export const ShareEntry = v.object({ name, kind: v.picklist(['folder', 'file']), size: count });
export type ShareEntry = v.InferOutput<typeof ShareEntry>;

export const JobProgress = v.object({
  project: ProjectId,
  job: JobId,
  /** What is being done, in the pipeline's words; `fetching` while inputs arrive. */
  stage: v.optional(name),
  fraction: v.optional(fraction),
  /** Whole run, 0 to 1. */
  overall: v.optional(fraction),
  /** Jobs before this one; absent once it runs. */
  queuePlace: v.optional(count)
});
export type JobProgress = v.InferOutput<typeof JobProgress>;

export const JobConsole = v.object({
  project: ProjectId,
  job: JobId,
  /** Number of the first line since the attempt began, so that a reader sees what was dropped. */
  firstLine: count,
  lines: v.pipe(v.array(v.pipe(v.string(), v.maxLength(maxConsoleLineChars))), v.maxLength(maxConsoleLines))
});
export type JobConsole = v.InferOutput<typeof JobConsole>;

export const FileIdentity = v.object({
  size: count,
  lastModified: v.optional(v.number()),
  /** SHA-256 over size and sampled MiB (bytes/content-root.ts). */
  spotHash: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)))
});
/** By what a file is recognised as unchanged before its root is known. */
export type FileIdentity = v.InferOutput<typeof FileIdentity>;

export const HttpTicket = v.object({
  /** Goes into the Authorization header, never into a URL. */
  token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  expiresAt: v.number()
});
/** Right to move one transfer's chunks over HTTP, given over the authenticated connection. */
export type HttpTicket = v.InferOutput<typeof HttpTicket>;

const PullFile = v.object({
  transfer: TransferId,
  project: ProjectId,
  file: v.optional(FileId),
  root: v.optional(ContentRoot),
  /** Chunks already verified by the asker: one bit each, base64; absent when none are. */
  have: v.optional(v.pipe(v.string(), v.maxLength(200_000))),
  /** What the asker learnt when the transfer began; another identity now is `file-changed`. */
  identity: v.optional(FileIdentity),
  /** The asker can take or fetch chunks over HTTP. */
  http: v.boolean(),
  /** Given by an asking node: the other side may PUT chunks with it. */
  ticket: v.optional(HttpTicket)
});

const PullFileReply = v.object({
  identity: FileIdentity,
  root: v.optional(ContentRoot),
  carrier: v.picklist(['http', 'channel']),
  /** Given by an answering node: the asker may GET chunks with it. */
  ticket: v.optional(HttpTicket)
});

export const UnneededFiles = v.object({ files: count, bytes: count });
export type UnneededFiles = v.InferOutput<typeof UnneededFiles>;

/** Every request: what is asked and what is answered. */
export const requests = {
  'node-info': { body: empty, reply: NodeInfo },
  'list-share': {
    body: v.object({ share: name, path: v.pipe(v.string(), v.maxLength(4096)) }),
    reply: v.object({ entries: v.pipe(v.array(ShareEntry), v.maxLength(5000)) })
  },
  /** Notices `job-progress` and `job-console` follow until `unwatch-job`; what is known is sent at once. */
  'watch-job': { body: v.object({ project: ProjectId, job: JobId }), reply: empty },
  'unwatch-job': { body: v.object({ project: ProjectId, job: JobId }), reply: empty },
  /** Asks for a file's bytes; chunks follow by the carrier that the reply names. */
  'pull-file': { body: PullFile, reply: PullFileReply },
  /** The sender has had every chunk acknowledged: the receiver compares roots. */
  'finish-transfer': { body: v.object({ transfer: TransferId, root: ContentRoot }), reply: empty },
  /** Either side gives up; what is verified stays for a resumption. */
  'end-transfer': { body: v.object({ transfer: TransferId, error: v.optional(ErrorRecord) }), reply: empty },
  'renew-ticket': { body: v.object({ transfer: TransferId }), reply: HttpTicket },
  /** What deleted files and jobs of a project still take on the node. */
  'unneeded-files': { body: v.object({ project: ProjectId }), reply: UnneededFiles },
  /** Removes that, on an admin's demand. */
  'free-space': { body: v.object({ project: ProjectId }), reply: UnneededFiles },
  /** Asks the node to join a project in which an admin has admitted it. */
  'offer-project': { body: v.object({ project: ProjectId, epoch: count, sealedSecret }), reply: empty }
} as const;

/** Messages that nobody answers. */
export const notices = { 'job-progress': JobProgress, 'job-console': JobConsole } as const;

export type RequestType = keyof typeof requests;
export type RequestBody<T extends RequestType> = v.InferOutput<(typeof requests)[T]['body']>;
export type RequestReply<T extends RequestType> = v.InferOutput<(typeof requests)[T]['reply']>;
export type NoticeType = keyof typeof notices;
export type NoticeBody<T extends NoticeType> = v.InferOutput<(typeof notices)[T]>;

const messageId = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const typeName = v.pipe(v.string(), v.maxLength(64));

/** The envelope; bodies are validated against the tables above once their type is known. */
export const ControlMessage = v.variant('kind', [
  v.object({ kind: v.literal('request'), id: messageId, type: typeName, body: v.unknown() }),
  v.object({ kind: v.literal('reply'), id: messageId, body: v.unknown() }),
  v.object({ kind: v.literal('error'), id: v.optional(messageId), error: ErrorRecord }),
  v.object({ kind: v.literal('notice'), type: typeName, body: v.unknown() })
]);
export type ControlMessage = v.InferOutput<typeof ControlMessage>;
