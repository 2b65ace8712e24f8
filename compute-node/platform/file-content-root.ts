/** Content roots of files on this machine, with OpenSSL's SHA-256: a third of the web interface's processor time. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { contentRoot, type ContentRootOptions } from '#lib/bytes/content-root.ts';
import { type ContentRoot } from '#lib/model/ids.ts';
import { type FileSource } from './file-source.ts';

/** Reads the whole file once. @throws the signal's reason when aborted; TaggedError `file-changed` */
export function fileContentRoot(
  source: FileSource,
  options: Omit<ContentRootOptions, 'sha256'> = {}
): Promise<ContentRoot> {
  return contentRoot(source, { ...options, sha256 });
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const digest = createHash('sha256').update(bytes).digest();
  // Whatever else waits in this thread has its turn between two chunks.
  await setImmediate();
  return digest;
}
