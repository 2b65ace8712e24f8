/**
 * What a browser and its node say to each other on `control` after the pairing handshake: the browser introduces its
 * person, the node hands over its project, the browser confirms that it has stored it.
 */
import * as v from 'valibot';
import { fromUtf8, utf8 } from '../identity/encoding.ts';
import { PersonRecord } from '../identity/person.ts';
import { ProjectId } from '../model/ids.ts';

const name = v.pipe(v.string(), v.maxLength(200));

/** What the node hands to its owner; sealed to the owner's device where it is secret. */
export const PairingGrant = v.object({
  project: ProjectId,
  /** The project's secret (32 bytes), sealed (identity/device-keys.ts), base64url. */
  sealedSecret: v.pipe(v.string(), v.maxLength(512)),
  epoch: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  projectName: name,
  /** The node as a member of that project. */
  node: PersonRecord,
  /** Where the project's peers meet. */
  signalling: v.pipe(v.array(v.pipe(v.string(), v.maxLength(512))), v.maxLength(8))
});
export type PairingGrant = v.InferOutput<typeof PairingGrant>;

/** From the browser. */
export const PairingRequest = v.variant('type', [
  v.object({ type: v.literal('introduce'), person: PersonRecord }),
  v.object({ type: v.literal('stored') })
]);
export type PairingRequest = v.InferOutput<typeof PairingRequest>;

/** From the node. */
export const PairingReply = v.variant('type', [
  v.object({ type: v.literal('granted'), grant: PairingGrant }),
  v.object({ type: v.literal('refused'), reason: v.picklist(['used', 'expired', 'failed']) })
]);
export type PairingReply = v.InferOutput<typeof PairingReply>;

export function encodePairing(message: PairingRequest | PairingReply): Uint8Array {
  return utf8(JSON.stringify(message));
}

/** @returns undefined for anything else */
export function parsePairingRequest(bytes: Uint8Array): PairingRequest | undefined {
  return parse(PairingRequest, bytes);
}

/** @returns undefined for anything else */
export function parsePairingReply(bytes: Uint8Array): PairingReply | undefined {
  return parse(PairingReply, bytes);
}

function parse<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T | undefined {
  try {
    return v.parse(schema, JSON.parse(fromUtf8(bytes)));
  } catch {
    return undefined;
  }
}
