/** Pairing this browser with a node by a link: what is kept of the node, and the project that it hands over. */
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { fromBase64Url } from '#lib/identity/encoding.ts';
import { type PairingLink, parsePairingLink } from '#lib/identity/links.ts';
import { type PersonRecord } from '#lib/identity/person.ts';
import { pairingRoom } from '#lib/identity/rooms.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { CarriedOffer } from '#lib/peer/carried-offer.ts';
import { type PeerTransport, type RtcFactory } from '#lib/peer/transport.ts';
import { pairWithNode } from '#lib/sync/pairing.ts';
import { type PairingGrant } from '#lib/sync/pairing-protocol.ts';
import { loopbackOf } from './meeting-places.ts';
import { type NodeRecord } from './nodes.svelte.ts';
import { type KnownProject } from './project-keeper.svelte.ts';

export interface Paired {
  node: NodeRecord;
  project: KnownProject;
}

/**
 * @throws TaggedError `link-invalid`, `link-expired`, `pairing-used`, `pairing-failed`, `pairing-no-answer`,
 *   `signalling-unreachable`, `no-candidate-pair`, `handshake-refused`
 */
export async function pairByLink(options: {
  link: string;
  keys: DeviceKeys;
  person: PersonRecord;
  rtc: RtcFactory;
  signal: AbortSignal;
  /** A connection whose offer and answer were carried by hand. */
  carried?: PeerTransport | undefined;
  /** Keeps what was granted; only then is the node told that it is done. */
  store: (paired: Paired) => Promise<void>;
}): Promise<Paired> {
  const { keys, person, rtc, signal, carried, store } = options;
  const link = parsePairingLink(options.link);
  let paired: Paired | undefined;
  await pairWithNode({
    link,
    person,
    signal,
    carried,
    identity: { device: keys.device, sealingKey: keys.sealingKey, sign: (bytes) => keys.sign(bytes) },
    rtc,
    loopbackUrl: loopbackOf(link.signalling, location.origin),
    store: async (grant) => {
      paired = await readGrant(grant, link, keys);
      await store(paired);
    }
  });
  if (!paired) throw new TaggedError('pairing-failed', 'the node handed nothing over');
  return paired;
}

/**
 * An offer for the link's node to answer by hand (`dendro node answer`): of two connections, the first pairs and the
 * second brings the project.
 * @throws TaggedError `link-invalid`
 */
export async function offerToPair(text: string, rtc: RtcFactory): Promise<CarriedOffer> {
  const { name: room } = await pairingRoom(fromBase64Url(parsePairingLink(text).secret));
  return CarriedOffer.make({ rtc, room, count: 2 });
}

/** The node's word is checked: it must speak of itself, and the secret must open with this device's key. */
async function readGrant(grant: PairingGrant, link: PairingLink, keys: DeviceKeys): Promise<Paired> {
  const device = grant.node.devices.find((known) => known.device === link.node);
  if (!device) throw new TaggedError('pairing-failed', 'the node spoke for another device');
  const secret = await keys.unseal(fromBase64Url(grant.sealedSecret));
  if (secret.length !== 32) throw new TaggedError('pairing-failed', 'the project’s secret is malformed');
  const signalling = grant.signalling.length > 0 ? grant.signalling : link.signalling;
  return {
    node: {
      id: link.node,
      person: grant.node.person,
      name: grant.node.name,
      sealingKey: device.sealingKey,
      signalling,
      pairedAt: Date.now()
    },
    project: { id: grant.project, name: grant.projectName, secret, signalling, introducers: [link.node] }
  };
}
