/**
 * Each side proves its device key over a transcript that names both devices, the room and the DTLS certificates as
 * observed, before any other message: a signalling server in the middle, a replayed signature or a reflected one gains
 * nothing. Four messages a side: hello, proof, ready; or refused.
 */
import * as v from 'valibot';
import { verifySignature } from '../identity/device-keys.ts';
import { encodeFields, fromHex, fromUtf8, toHex, utf8 } from '../identity/encoding.ts';
import { hmac, randomBytes, verifyHmac } from '../identity/hash.ts';
import { TaggedError } from '../model/errors.ts';
import { DeviceId, InvitationId, WriterId } from '../model/ids.ts';
import {
  type Credential,
  type InvitationLookup,
  type PeerIdentity,
  type RemotePeer
} from './peer-identity.ts';
import { type Fingerprints } from './transport.ts';

const domain = 'dendro/peer/1';
const invitationDomain = 'dendro/invitation/1';
const protocolVersion = 1;
/** Before it has proved itself, the other side is heard for no more bytes than this. */
export const unverifiedLimit = 4096;

/** Who made the WebRTC offer, or dialled the loopback socket. */
export type Side = 'offerer' | 'answerer';

const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const CredentialKind = v.picklist(['member', 'invitation', 'pairing']);
type CredentialKind = v.InferOutput<typeof CredentialKind>;

const RefusalReason = v.picklist([
  'credential',
  'proof',
  'not-a-member',
  'removed',
  'version',
  'malformed',
  'try-later',
  'invitation-unknown',
  'invitation-revoked',
  'invitation-expired',
  'invitation-used'
]);
type RefusalReason = v.InferOutput<typeof RefusalReason>;

const Hello = v.object({
  type: v.literal('hello'),
  v: v.number(),
  device: DeviceId,
  sealingKey: hex32,
  nonce: hex32,
  writer: WriterId,
  credential: CredentialKind
});
type Hello = v.InferOutput<typeof Hello>;

const HandshakeMessage = v.variant('type', [
  Hello,
  v.object({
    type: v.literal('proof'),
    signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/)),
    pairing: v.optional(hex32),
    invitation: v.optional(
      v.object({
        invite: InvitationId,
        key: DeviceId,
        signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/))
      })
    )
  }),
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('refused'), reason: RefusalReason })
]);
type HandshakeMessage = v.InferOutput<typeof HandshakeMessage>;

/** Moves the handshake's messages; `receive` gives the next one, or rejects when the transport ends. */
export interface HandshakePort {
  send(message: Uint8Array): void;
  receive(): Promise<Uint8Array>;
}

export interface HandshakeOptions {
  readonly port: HandshakePort;
  readonly side: Side;
  /** The room's name: a proof made in one room is worth nothing in another. */
  readonly room: string;
  readonly identity: PeerIdentity;
  readonly credential: Credential;
  readonly fingerprints: Fingerprints;
  /** Called once the other side is verified, before it is told so: from then on its messages are its own. */
  readonly onVerified?: (peer: RemotePeer) => void;
}

/**
 * Runs one handshake to its end.
 * @returns the proved peer, once it has verified this side too
 * @throws {TaggedError} `handshake-refused` (this side refuses; `details.reason`), `handshake-refused-by-peer`
 */
export async function runHandshake(options: HandshakeOptions): Promise<RemotePeer> {
  const { port, identity, credential } = options;
  const own: Hello = {
    type: 'hello',
    v: protocolVersion,
    device: identity.device,
    sealingKey: identity.sealingKey,
    nonce: toHex(randomBytes(32)),
    writer: identity.writer,
    credential: credential.kind
  };
  try {
    send(port, own);
    const other = await expect(port, 'hello');
    checkHello(own, other, credential);
    await sendProof(options, own, other);
    const proof = await expect(port, 'proof');
    await checkProof({ ...options, own, other, proof });
    const invited = other.credential === 'invitation' && proof.invitation;
    const { device, sealingKey, writer } = other;
    const peer = { device, sealingKey, writer, ...(invited && { invitation: invited.invite }) };
    if (credential.kind === 'member' && !invited && !credential.admits(peer))
      throw refuse(credential.wasMember?.(peer) ? 'removed' : 'not-a-member');
    options.onVerified?.(peer);
    send(port, { type: 'ready' });
    await expect(port, 'ready');
    return peer;
  } catch (error) {
    if (error instanceof TaggedError && error.tag === 'handshake-refused')
      sendQuietly(port, {
        type: 'refused',
        reason: v.parse(v.fallback(RefusalReason, 'malformed'), error.details.reason)
      });
    throw error;
  }
}

/** Who is late, early or unlucky, and proved what they say. */
const harmless = new Set<string>([
  'not-a-member',
  'removed',
  'try-later',
  'invitation-unknown',
  'invitation-revoked',
  'invitation-expired',
  'invitation-used'
] satisfies RefusalReason[]);

/** Whether a failed handshake counts against its address: a proof that is wrong, not a member that is not known yet. */
export function isHostile(error: unknown): boolean {
  if (!(error instanceof TaggedError)) return false;
  if (error.tag === 'handshake-refused') return !harmless.has(String(error.details.reason));
  return error.tag.startsWith('peer-frame') || error.tag === 'peer-unauthenticated';
}

/** Tells the other side that the door is closed for now. */
export function refuseForNow(port: HandshakePort): TaggedError {
  sendQuietly(port, { type: 'refused', reason: 'try-later' });
  return refuse('try-later');
}

function checkHello(own: Hello, other: Hello, credential: Credential): void {
  if (other.v !== protocolVersion) throw refuse('version');
  // Two who are invited meet in the room and have nothing to say to each other.
  if (credential.kind === 'invitation' && other.credential === 'invitation') throw refuse('not-a-member');
  const invites = credential.kind === 'member' && credential.invitations !== undefined;
  const fits =
    other.credential === credential.kind ||
    (invites && other.credential === 'invitation') ||
    (credential.kind === 'invitation' && other.credential === 'member');
  if (!fits) throw refuse('credential');
  // A reflected hello would let somebody answer with our own proofs.
  if (other.nonce === own.nonce) throw refuse('proof');
  if (credential.kind === 'pairing' && credential.expects && credential.expects.device !== other.device)
    throw refuse('proof');
}

async function sendProof(options: HandshakeOptions, own: Hello, other: Hello): Promise<void> {
  const { side, room, fingerprints, credential } = options;
  const transcript = encodeTranscript({ side, room, fingerprints, hellos: inOrder(side, own, other) });
  const signature = toHex(await options.identity.sign(transcript));
  if (credential.kind === 'member') send(options.port, { type: 'proof', signature });
  else if (credential.kind === 'pairing')
    send(options.port, {
      type: 'proof',
      signature,
      pairing: toHex(await hmac(credential.secret, transcript))
    });
  else {
    const { invite, key } = credential;
    const proof = toHex(await key.sign(encodeFields(invitationDomain, invite, transcript)));
    send(options.port, {
      type: 'proof',
      signature,
      invitation: { invite, key: key.publicKey, signature: proof }
    });
  }
}

interface ProofCheck extends HandshakeOptions {
  readonly own: Hello;
  readonly other: Hello;
  readonly proof: MessageOf<'proof'>;
}

async function checkProof(check: ProofCheck): Promise<void> {
  const { side, room, own, other, credential, proof } = check;
  const fingerprints = { local: check.fingerprints.remote, remote: check.fingerprints.local };
  const otherSide = side === 'offerer' ? 'answerer' : 'offerer';
  const transcript = encodeTranscript({
    side: otherSide,
    room,
    fingerprints,
    hellos: inOrder(side, own, other)
  });
  if (!(await verifySignature(other.device, transcript, fromHex(proof.signature)))) throw refuse('proof');
  if (credential.kind === 'member' && other.credential === 'invitation')
    await checkInvitation(
      { proof: proof.invitation, transcript, device: other.device },
      credential.invitations
    );
  if (credential.kind !== 'pairing') return;
  const mac = proof.pairing === undefined ? undefined : fromHex(proof.pairing);
  if (!mac || !(await verifyHmac(credential.secret, transcript, mac))) throw refuse('proof');
  const expected = credential.expects?.fingerprint;
  if (expected && check.fingerprints.remote && expected !== check.fingerprints.remote) throw refuse('proof');
}

/** The transcript names both devices, so a proof is of use to the device that made it alone. */
async function checkInvitation(
  shown: { proof: MessageOf<'proof'>['invitation']; transcript: Uint8Array; device: DeviceId },
  lookup: InvitationLookup | undefined
): Promise<void> {
  const { proof, transcript, device } = shown;
  if (!proof || !lookup) throw refuse('credential');
  const { invite, key, signature } = proof;
  const signed = encodeFields(invitationDomain, invite, transcript);
  if (!(await verifySignature(key, signed, fromHex(signature)))) throw refuse('proof');
  const problem = lookup({ invite, key, device });
  if (problem === 'malformed') throw refuse('malformed');
  if (problem) throw refuse(`invitation-${problem}`);
}

interface Transcript {
  /** Who signs. */
  side: Side;
  room: string;
  /** As the signer sees them. */
  fingerprints: Fingerprints;
  /** The offerer's and the answerer's. */
  hellos: readonly [Hello, Hello];
}

/** The bytes that are signed: everything length-prefixed, the offerer's part before the answerer's. */
function encodeTranscript({ side, room, fingerprints, hellos }: Transcript): Uint8Array {
  const [offerer, answerer] = hellos;
  const { local, remote } = fingerprints;
  return encodeFields(
    domain,
    side,
    room,
    offerer.device,
    answerer.device,
    offerer.nonce,
    answerer.nonce,
    ...(side === 'offerer' ? [local, remote] : [remote, local]),
    ...[offerer, answerer].flatMap((hello) => [hello.sealingKey, hello.writer, hello.credential])
  );
}

function inOrder(side: Side, own: Hello, other: Hello): readonly [Hello, Hello] {
  return side === 'offerer' ? [own, other] : [other, own];
}

type MessageOf<T extends HandshakeMessage['type']> = Extract<HandshakeMessage, { type: T }>;

async function expect<T extends HandshakeMessage['type']>(
  port: HandshakePort,
  type: T
): Promise<MessageOf<T>> {
  const message = parseMessage(await port.receive());
  if (message.type === 'refused')
    throw new TaggedError('handshake-refused-by-peer', 'The other side refused the connection.', {
      reason: message.reason
    });
  if (!isOfType(message, type)) throw refuse('malformed');
  return message;
}

function isOfType<T extends HandshakeMessage['type']>(
  message: HandshakeMessage,
  type: T
): message is MessageOf<T> {
  return message.type === type;
}

function parseMessage(bytes: Uint8Array): HandshakeMessage {
  try {
    return v.parse(HandshakeMessage, JSON.parse(fromUtf8(bytes)));
  } catch (cause) {
    throw refuse('malformed', cause);
  }
}

function send(port: HandshakePort, message: HandshakeMessage): void {
  port.send(utf8(JSON.stringify(message)));
}

function sendQuietly(port: HandshakePort, message: HandshakeMessage): void {
  try {
    send(port, message);
  } catch {
    // The transport is gone, and with it the need to tell.
  }
}

function refuse(reason: RefusalReason, cause?: unknown): TaggedError {
  return new TaggedError('handshake-refused', `The handshake failed: ${reason}.`, { reason }, { cause });
}
