/** The node's device keys in a file that only its user can read; made at the first start. */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { createDeviceKeys, type DeviceKeys, deviceKeysFrom } from '#lib/identity/device-keys.ts';
import { fromBase64Url, toBase64Url } from '#lib/identity/encoding.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { writeFileWhole } from './file-source.ts';

const StoredKey = v.object({ private: v.string(), public: v.string() });
const StoredKeys = v.object({ v: v.literal(1), signing: StoredKey, sealing: StoredKey });
type StoredKey = v.InferOutput<typeof StoredKey>;

/**
 * Reads the keys, or makes them.
 * @throws TaggedError `key-file-unsafe` when others may read the file, `key-file-invalid` when it is damaged
 */
export async function loadDeviceKeys(path: string): Promise<DeviceKeys> {
  const text = await readPrivate(path);
  if (text !== undefined) return parseKeys(text, path);
  const keys = await createDeviceKeys({ extractable: true });
  const stored = {
    v: 1,
    signing: await exportPair(keys.pairs.signing),
    sealing: await exportPair(keys.pairs.sealing)
  };
  await writeFileWhole(path, new TextEncoder().encode(JSON.stringify(stored)), 0o600);
  // From here on the process holds keys that cannot be exported.
  return parseKeys(JSON.stringify(stored), path);
}

async function readPrivate(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats) return undefined;
  if ((stats.mode & 0o077) !== 0)
    throw new TaggedError('key-file-unsafe', `others can read the key file ${path}: run chmod 600 ${path}`, {
      path
    });
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function parseKeys(text: string, path: string): Promise<DeviceKeys> {
  try {
    const stored = v.parse(StoredKeys, JSON.parse(text));
    return await deviceKeysFrom({
      signing: await importPair(stored.signing, {
        name: 'Ed25519',
        privateUse: 'sign',
        publicUse: ['verify']
      }),
      sealing: await importPair(stored.sealing, { name: 'X25519', privateUse: 'deriveBits', publicUse: [] })
    });
  } catch (cause) {
    const message = `the key file ${path} is damaged: restore it from a backup, or remove it to start as a new node`;
    throw new TaggedError('key-file-invalid', message, { path }, { cause });
  }
}

async function exportPair({ privateKey, publicKey }: CryptoKeyPair): Promise<StoredKey> {
  return {
    private: toBase64Url(new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))),
    public: toBase64Url(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)))
  };
}

async function importPair(
  stored: StoredKey,
  use: { name: string; privateUse: 'sign' | 'deriveBits'; publicUse: 'verify'[] }
): Promise<CryptoKeyPair> {
  const bytes = fromBase64Url(stored.private);
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', bytes, use.name, false, [use.privateUse]),
    publicKey: await crypto.subtle.importKey(
      'raw',
      fromBase64Url(stored.public),
      use.name,
      true,
      use.publicUse
    )
  };
}
