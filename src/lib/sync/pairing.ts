/**
 * Pairing a browser with a node by a link: both meet in a room that only the link's secret leads to, prove the secret in
 * the handshake, and the node hands over its project. A link works once.
 */
import * as v from 'valibot';
import { fromBase64Url } from '../identity/encoding.ts';
import { type PairingLink } from '../identity/links.ts';
import { type PersonRecord } from '../identity/person.ts';
import { pairingRoom } from '../identity/rooms.ts';
import { TaggedError } from '../model/errors.ts';
import { type DeviceId, WriterId } from '../model/ids.ts';
import { type FailureGate } from '../peer/failure-gate.ts';
import { type LoopbackRooms } from '../peer/loopback-rooms.ts';
import { type PeerConnection } from '../peer/peer-connection.ts';
import { type PeerIdentity, type RemotePeer } from '../peer/peer-identity.ts';
import { openPeer } from '../peer/peer-link.ts';
import { normalizeFingerprint, type PeerTransport, type RtcFactory } from '../peer/transport.ts';
import { type Meeting, openMeeting } from './meeting.ts';
import {
  encodePairing,
  type PairingGrant,
  type PairingReply,
  parsePairingReply,
  parsePairingRequest
} from './pairing-protocol.ts';

/** There is no project yet, so no writer. */
export type PairingIdentity = Omit<PeerIdentity, 'writer'>;

export interface PairingOptions {
  readonly identity: PairingIdentity;
  readonly rtc: RtcFactory;
}

export interface PairWithNodeOptions extends PairingOptions {
  readonly link: PairingLink;
  /** Who the owner is; names this device. */
  readonly person: PersonRecord;
  /** Stores what was granted; only then is the node told that pairing is done. */
  readonly store: (grant: PairingGrant) => Promise<void>;
  /** The node's `/peer` address, when the page is on the same machine. */
  readonly loopbackUrl?: string | undefined;
  /** A connection whose offer and answer were carried by hand. */
  readonly carried?: PeerTransport | undefined;
  readonly signal?: AbortSignal;
  /** Without an answer for so long, pairing fails. */
  readonly patienceMs?: number;
}

const defaultPatienceMs = 20_000;
/** How long the node's answer to the last word is waited for; the project is stored by then in any case. */
const confirmationMs = 2000;
/** The node's clock decides; this one only spares a wait when the link is long past. */
const clockGraceMs = 24 * 60 * 60 * 1000;

/**
 * Pairs this browser with the link's node.
 * @throws {TaggedError} `link-expired`, `pairing-used`, `pairing-failed`, `signalling-unreachable`, `no-candidate-pair`,
 * `handshake-refused`, `pairing-no-answer`
 */
export async function pairWithNode(options: PairWithNodeOptions): Promise<PairingGrant> {
  const { link, signal } = options;
  signal?.throwIfAborted();
  if (Date.now() > link.expires + clockGraceMs) throw refusal('expired');
  const secret = fromBase64Url(link.secret);
  const room = await pairingRoom(secret);
  const meeting = await openMeeting({
    ...meetingOf(options),
    room,
    signalling: link.signalling,
    carried: options.carried,
    loopback: options.loopbackUrl ? { url: options.loopbackUrl, device: link.node } : undefined,
    credential: {
      kind: 'pairing',
      secret,
      expects: { device: link.node, fingerprint: normalizeFingerprint(link.fingerprint) }
    }
  });
  try {
    return await askNode(meeting, options);
  } finally {
    await meeting.close();
  }
}

export interface ServePairingOptions extends PairingOptions {
  /** 16 random bytes, as in the link. */
  readonly secret: Uint8Array;
  /** ms since 1970. */
  readonly expires: number;
  readonly signalling: readonly string[];
  readonly loopbackRooms?: LoopbackRooms | undefined;
  /** Shared by all links of a node. */
  readonly gate: FailureGate;
  /** Records the owner and says what it is given; called once, for the first who proves the secret in time. */
  readonly accept: (owner: {
    readonly peer: RemotePeer;
    readonly person: PersonRecord;
  }) => Promise<PairingGrant>;
  /** The owner has stored what it was given. */
  readonly onPaired?: () => void;
}

export interface PairingService {
  readonly used: boolean;
  close(): Promise<void>;
}

/**
 * Keeps a link's room open on the node until closed: also after use and expiry, so that whoever comes late is told why
 * the link does not work.
 */
export async function servePairing(options: ServePairingOptions): Promise<PairingService> {
  const room = await pairingRoom(options.secret);
  const meeting = await openMeeting({
    ...meetingOf(options),
    gate: options.gate,
    signalling: options.signalling,
    room,
    credential: { kind: 'pairing', secret: options.secret }
  });
  let given: { device: DeviceId; reply: Promise<PairingReply>; stored: boolean } | undefined;
  const grant = async (peer: RemotePeer, person: PersonRecord): Promise<PairingReply> => {
    try {
      return { type: 'granted', grant: await options.accept({ peer, person }) };
    } catch {
      return { type: 'refused', reason: 'failed' };
    }
  };
  const answer = async (connection: PeerConnection, person: PersonRecord): Promise<PairingReply> => {
    const { device, sealingKey, writer } = connection;
    // The reply may have been lost with a connection that another took the place of.
    if (given?.device === device && !given.stored) return given.reply;
    if (Date.now() > options.expires) return { type: 'refused', reason: 'expired' };
    if (given) return { type: 'refused', reason: 'used' };
    if (!person.devices.some((record) => record.device === device))
      return { type: 'refused', reason: 'failed' };
    given = { device, reply: grant({ device, sealingKey, writer }, person), stored: false };
    return given.reply;
  };
  meeting.connections.onConnection((connection) => {
    const control = connection.channel('control');
    control.onMessage((bytes) => {
      const request = parsePairingRequest(bytes);
      if (!request) connection.close({ tag: 'peer-misbehaved', message: 'Not a pairing request.' });
      else if (request.type === 'stored') {
        if (given?.device === connection.device && !given.stored) {
          given.stored = true;
          options.onPaired?.();
        }
        // Tells the other side that its word has arrived: it waits for this before it goes.
        connection.close();
      } else
        void answer(connection, request.person)
          .then((reply) => control.send(encodePairing(reply)))
          .catch(() => connection.close());
    });
  });
  const unregister = options.loopbackRooms?.register(room.name, (transport) => {
    openPeer({ ...meeting.linkOptions, transport, side: 'answerer' })
      .then((connection) => meeting.connections.add(connection))
      // Refused, and the other side told why; the failure gate has counted it.
      .catch(() => undefined);
  });
  return {
    get used() {
      return given !== undefined;
    },
    close() {
      unregister?.();
      return meeting.close();
    }
  };
}

/** There is no project yet: the writer says nothing. */
function meetingOf({ identity, rtc }: PairingOptions) {
  return { identity: { ...identity, writer: randomWriter() }, rtc };
}

function noAnswer(): TaggedError {
  return new TaggedError('pairing-no-answer', 'No node answers at this link.');
}

/**
 * Introduces the person to the node once connected, and stores what comes back. A connection may be replaced by a better
 * one at any moment, and what was said on it may be lost: the present word is said on each.
 */
async function askNode(meeting: Meeting, options: PairWithNodeOptions): Promise<PairingGrant> {
  const { person, signal, store, patienceMs = defaultPatienceMs } = options;
  const { connections } = meeting;
  const timeout = AbortSignal.timeout(patienceMs);
  const ended = signal ? AbortSignal.any([timeout, signal]) : timeout;
  let word = encodePairing({ type: 'introduce', person });
  const say = (connection: PeerConnection) =>
    connection
      .channel('control')
      .send(word)
      .catch(() => undefined);
  const reply = await new Promise<PairingReply>((resolve, reject) => {
    ended.addEventListener('abort', () =>
      reject(signal?.aborted ? signal.reason : (meeting.trouble() ?? noAnswer()))
    );
    connections.onConnection((connection) => {
      connection.channel('control').onMessage((bytes) => {
        const parsed = parsePairingReply(bytes);
        if (parsed) resolve(parsed);
        else reject(refusal('failed'));
      });
      void say(connection);
    });
  });
  if (reply.type === 'refused') throw refusal(reply.reason);
  await store(reply.grant);
  word = encodePairing({ type: 'stored' });
  for (const connection of connections.all) void say(connection);
  await closedByNode(meeting);
  return reply.grant;
}

/** A connection that is closed right after sending may lose what was sent. */
function closedByNode({ connections }: Meeting): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, confirmationMs);
    connections.onConnection((connection) => {
      connection.onClose(() => {
        if (connections.all.length > 0) return;
        clearTimeout(timer);
        resolve();
      });
    });
  });
}

function refusal(reason: 'used' | 'expired' | 'failed'): TaggedError {
  if (reason === 'expired') return new TaggedError('link-expired', 'The pairing link has expired.');
  if (reason === 'used') return new TaggedError('pairing-used', 'The pairing link was used before.');
  return new TaggedError('pairing-failed', 'The node could not complete the pairing.');
}

function randomWriter(): WriterId {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return v.parse(WriterId, value + 1);
}
