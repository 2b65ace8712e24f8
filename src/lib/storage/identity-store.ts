/** Who uses this browser: made at the first visit, kept in IndexedDB with keys that cannot be exported. */
import * as v from 'valibot';
import { createDeviceKeys, type DeviceKeys, deviceKeysFrom } from '../identity/device-keys.ts';
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { type PersonRecord } from '../identity/person.ts';
import { PersonId } from '../model/ids.ts';
import { type DendroDatabase, type IdentityRow } from './database.ts';

/** What somebody is called who has not said yet. */
export const unchosenName = 'Me';

export interface StoredIdentity {
  person: PersonRecord;
  keys: DeviceKeys;
}

/** The identity of this browser, made when there is none. */
export async function loadIdentity(database: DendroDatabase): Promise<StoredIdentity> {
  const known = await database.identity.get('self');
  if (known) return fromRow(known);
  const keys = await createDeviceKeys();
  const row: IdentityRow = {
    id: 'self',
    person: v.parse(PersonId, toHex(randomBytes(16))),
    name: unchosenName,
    color: (randomBytes(1)[0] ?? 0) % 8,
    deviceName: 'This browser',
    keys: keys.pairs
  };
  // Two tabs of a first visit may come here at once: the first row stays.
  await database.transaction('rw', database.identity, async () => {
    if (!(await database.identity.get('self'))) await database.identity.add(row);
  });
  return fromRow((await database.identity.get('self')) ?? row);
}

/** Changes the names that new projects will show. */
export async function renameIdentity(
  database: DendroDatabase,
  changes: Partial<Pick<IdentityRow, 'name' | 'color' | 'deviceName'>>
): Promise<void> {
  await database.identity.update('self', changes);
}

async function fromRow({
  person,
  name,
  color,
  deviceName,
  keys: pairs
}: IdentityRow): Promise<StoredIdentity> {
  const keys = await deviceKeysFrom(pairs);
  const device = { device: keys.device, sealingKey: keys.sealingKey, name: deviceName };
  return { person: { person, name, color, devices: [device] }, keys };
}
