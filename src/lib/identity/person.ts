/** People and devices as the project document and the handshake name them. */
import * as v from 'valibot';
import { DeviceId, PersonId } from '../model/ids.ts';
import { SealingKey } from './device-keys.ts';

const name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100));

export const DeviceRecord = v.object({ device: DeviceId, sealingKey: SealingKey, name });
export type DeviceRecord = v.InferOutput<typeof DeviceRecord>;

/** Roles of members: what each may do is judged in project/ (access-fold.ts, fact-fold.ts, view-edits.ts). */
export const Role = v.picklist(['admin', 'editor', 'viewer', 'compute']);
export type Role = v.InferOutput<typeof Role>;

/** Roles that people are invited to; a compute node is admitted by an admin. */
export const InvitableRole = v.picklist(['admin', 'editor', 'viewer']);
export type InvitableRole = v.InferOutput<typeof InvitableRole>;

export const mostDevices = 50;

export const PersonRecord = v.object({
  person: PersonId,
  name,
  /** Index into the eight unit colours, for initials. */
  color: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7)),
  devices: v.pipe(v.array(DeviceRecord), v.minLength(1), v.maxLength(mostDevices))
});
export type PersonRecord = v.InferOutput<typeof PersonRecord>;
