/** JSON in one form only (keys sorted, no spaces), for what is hashed or signed. */
import { toHex, utf8 } from '../identity/encoding.ts';
import { sha256 } from '../identity/hash.ts';
import { DefinitionHash, type DeviceId } from '../model/ids.ts';
import { type JobDefinition } from '../model/processor.ts';
import * as v from 'valibot';

/** Keys sorted by code unit, `undefined` members left out. @throws TypeError for what JSON cannot hold */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('JSON holds finite numbers only');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new TypeError(`JSON holds no ${typeof value}`);
}

/**
 * SHA-256 of a job definition in canonical JSON. Output file ids are names given at random, so they do not count: the
 * same work has the same hash.
 */
export async function hashDefinition(definition: JobDefinition): Promise<DefinitionHash> {
  const outputs = definition.outputs.map(({ name, fileName }) => ({ name, fileName }));
  return v.parse(DefinitionHash, toHex(await sha256(utf8(canonicalJson({ ...definition, outputs })))));
}

/** Stable colour index (0–7) of a device, for people who never chose one. */
export function colorOf(device: DeviceId): number {
  return Number.parseInt(device.slice(0, 2), 16) % 8;
}
