/**
 * Admission: what a peer sends is applied to the carrier only if it appends well-formed, signed entries to their
 * writers' own logs. Roles are not judged here (honest peers relay void entries too) but for a viewer's own writing.
 */
import { type DeviceId, type ProjectId } from '../model/ids.ts';
import { type LogRun, readAppends } from './carrier.ts';
import { type Entry } from './entry.ts';
import { verifyRun } from './log.ts';

export interface AdmissionContext {
  project: ProjectId;
  /** The last entry known of a writer. */
  lastOf: (writer: number) => Entry | undefined;
  /** The entry that stands in our carrier at this place, if any. */
  entryAt: (writer: number, seq: number) => Uint8Array | undefined;
  /** Whether this device may write nothing, so that its own entries are dropped at its own connection. */
  mayNotWrite: (device: DeviceId) => boolean;
}

/** Whether an update may be applied. @param from the device at the other end, proved by the handshake */
export async function admitsUpdate(
  context: AdmissionContext,
  update: Uint8Array,
  from: DeviceId
): Promise<boolean> {
  const runs = readAppends(update);
  if (!runs) return false;
  for (const run of runs) if (!(await admitsRun(context, run, from))) return false;
  return true;
}

async function admitsRun(context: AdmissionContext, run: LogRun, from: DeviceId): Promise<boolean> {
  const known = run.entries.filter((entry, i) => {
    const ours = context.entryAt(run.writer, run.from + i);
    return ours !== undefined && sameBytes(ours, entry);
  }).length;
  const fresh = run.entries.slice(known);
  if (fresh.length === 0) return true;
  const start = run.from + known;
  // A different entry where we have one already is a fork.
  if (context.entryAt(run.writer, start) !== undefined) return false;
  const last = context.lastOf(run.writer);
  const previous = last?.seq === start - 1 ? last : undefined;
  const verified = await verifyRun(
    { project: context.project, writer: run.writer, from: start, previous },
    fresh
  );
  const author = verified[0]?.device;
  return verified.length === fresh.length && !(author === from && context.mayNotWrite(from));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
