/** Reads the session metadata that `--metadata FILE.yaml` gives; names are NWB's, and nothing is invented. */
import { readFile, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { parse } from 'yaml';
import { SessionMetadata } from '#lib/model/recording.ts';
import { UsageError } from './exit.ts';

const largestFile = 1 << 20;

/** @throws UsageError naming the field that is wrong */
export async function readMetadata(path: string): Promise<SessionMetadata> {
  const text = await readText(path);
  return parseMetadata(text, path);
}

/** @throws UsageError naming the field that is wrong; `source` is how messages call the text */
export function parseMetadata(text: string, source: string): SessionMetadata {
  let document: unknown;
  try {
    // Dates stay text, as NWB wants them; few aliases, so that a hostile file cannot grow in memory.
    document = parse(text, { schema: 'core', maxAliasCount: 20, logLevel: 'error' }) ?? {};
  } catch (error) {
    throw new UsageError(`${source} is not YAML: ${firstLine(error)}`);
  }
  if (Array.isArray(document))
    throw new UsageError(`${source}: the top level must name NWBFile, Subject, Device or ElectrodeGroup`);
  const result = v.safeParse(strictMetadata, document);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? 'the top level';
  throw new UsageError(`${source}: ${field}: ${issue.message}`);
}

/** A misspelt name must not be dropped silently, so unknown ones are refused. */
const strictMetadata = v.strictObject({
  NWBFile: optionalStrict(SessionMetadata.entries.NWBFile),
  Subject: optionalStrict(SessionMetadata.entries.Subject),
  Device: optionalStrict(SessionMetadata.entries.Device),
  ElectrodeGroup: optionalStrict(SessionMetadata.entries.ElectrodeGroup)
});

function optionalStrict<Entries extends v.ObjectEntries>(schema: {
  wrapped: v.ObjectSchema<Entries, undefined>;
}) {
  return v.optional(v.strictObject(schema.wrapped.entries));
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > largestFile) throw new UsageError(`${path} is larger than 1 MiB: that is no metadata file.`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be read: ${firstLine(error)}`);
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
