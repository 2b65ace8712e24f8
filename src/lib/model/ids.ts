/**
 * Ids of everything that is named across peers. They are lower-case hex strings, branded so that one kind is
 * never passed where another is meant.
 */
import * as v from 'valibot';

const hex = (bytes: number) =>
  v.pipe(
    v.string(),
    v.regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `must be ${bytes} bytes in lower-case hex`)
  );

/** SHA-256 over the founder's key and 32 random bytes: names one project on every replica. */
export const ProjectId = v.pipe(hex(32), v.brand('ProjectId'));
export type ProjectId = v.InferOutput<typeof ProjectId>;

/** 16 random bytes: one file, from the first moment, before its bytes have been hashed. */
export const FileId = v.pipe(hex(16), v.brand('FileId'));
export type FileId = v.InferOutput<typeof FileId>;

/** 16 random bytes: one submitted job. */
export const JobId = v.pipe(hex(16), v.brand('JobId'));
export type JobId = v.InferOutput<typeof JobId>;

/** 16 random bytes: one member, who may own several devices. */
export const PersonId = v.pipe(hex(16), v.brand('PersonId'));
export type PersonId = v.InferOutput<typeof PersonId>;

/** 16 random bytes: one invitation to a project. */
export const InvitationId = v.pipe(hex(16), v.brand('InvitationId'));
export type InvitationId = v.InferOutput<typeof InvitationId>;

/** 16 random bytes: one comment. */
export const CommentId = v.pipe(hex(16), v.brand('CommentId'));
export type CommentId = v.InferOutput<typeof CommentId>;

/** A device's raw Ed25519 public key (32 bytes): the id under which it signs. */
export const DeviceId = v.pipe(hex(32), v.brand('DeviceId'));
export type DeviceId = v.InferOutput<typeof DeviceId>;

/** The root of a file's bytes (bytes/content-root.ts): equal roots mean equal bytes. */
export const ContentRoot = v.pipe(hex(32), v.brand('ContentRoot'));
export type ContentRoot = v.InferOutput<typeof ContentRoot>;

/** SHA-256 of a job definition in canonical JSON: the same definition gives the same hash. */
export const DefinitionHash = v.pipe(hex(32), v.brand('DefinitionHash'));
export type DefinitionHash = v.InferOutput<typeof DefinitionHash>;

/** One session (tab or process) of one device, as a 53-bit number; also its Yjs client id. */
export const WriterId = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.brand('WriterId'));
export type WriterId = v.InferOutput<typeof WriterId>;
