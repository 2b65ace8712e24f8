/**
 * What a viewer's device may hand in at its own connection: proof that a writer forked, and their own leaving. All else
 * that a viewer writes says nothing, and is not taken from them.
 */
import { type Access } from './access.ts';
import { decodeAccessBody } from './bodies.ts';
import { type Entry } from './entry.ts';
import { provenFork } from './fork.ts';
import { type EntryLog } from './log.ts';

export async function mayHandIn(
  entry: Entry,
  { access, log }: { access: Access; log: EntryLog }
): Promise<boolean> {
  const person = access.personOf(entry.device);
  if (person === undefined || access.roleOf(person) !== 'viewer') return true;
  const body = entry.kind === 'access' ? decodeAccessBody(entry.body) : undefined;
  if (body?.type === 'remove') return body.person === person;
  if (body?.type !== 'fork') return false;
  // Each known writer forks once: what a viewer can make the others keep has an end.
  const writer = await provenFork(entry.project, body);
  return writer !== undefined && log.lengthOf(writer) > 0 && !log.isForked(writer);
}
