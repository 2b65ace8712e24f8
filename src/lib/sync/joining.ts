/**
 * Joining a project by an invitation: whoever holds the link meets any member in the project's room, proves the
 * invitation in the handshake, and hands over one signed entry that says who joins. Nothing else is said to them; as a
 * member they then come back and sync like everybody.
 */
import * as v from 'valibot';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../identity/encoding.ts';
import { type InvitationKey } from '../identity/invitation.ts';
import { projectRoom } from '../identity/rooms.ts';
import { fromErrorRecord, TaggedError } from '../model/errors.ts';
import { type InvitationId } from '../model/ids.ts';
import { ConnectionSet } from '../peer/connection-set.ts';
import { FailureGate } from '../peer/failure-gate.ts';
import { type PeerConnection } from '../peer/peer-connection.ts';
import { type InvitationLookup, type PeerIdentity, type RemotePeer } from '../peer/peer-identity.ts';
import { type MeshTrouble, RoomMesh } from '../peer/room-mesh.ts';
import { type RtcFactory } from '../peer/transport.ts';
import { type LoopbackAddress, LoopbackDialer } from './loopback-dialer.ts';

const Problem = v.picklist(['unknown', 'revoked', 'expired', 'used', 'malformed']);
type Problem = v.InferOutput<typeof Problem>;

const JoinRequest = v.object({
  type: v.literal('join'),
  /** A Yjs update that appends the joining to its writer's log, base64url. */
  update: v.pipe(v.string(), v.maxLength(32 * 1024))
});
const JoinReply = v.variant('type', [
  v.object({ type: v.literal('joined') }),
  v.object({ type: v.literal('refused'), reason: Problem })
]);

/** What the members' side decides. */
export interface Doorkeeper {
  readonly problemWith: InvitationLookup;
  /** Takes the joining in. @returns why not, if so */
  readonly letIn: (update: Uint8Array, from: RemotePeer) => Promise<Problem | undefined>;
}

/** A connection of somebody who wants to join lives no longer. */
const doorMs = 10_000;

/** Answers one who has proved an invitation. */
export function answerAtDoor(connection: PeerConnection, { letIn }: Doorkeeper): void {
  const control = connection.channel('control');
  const timer = setTimeout(() => connection.close(), doorMs);
  connection.onClose(() => clearTimeout(timer));
  let asked = false;
  control.onMessage((bytes) => {
    const request = parse(JoinRequest, bytes);
    if (!request || asked) {
      connection.close({ tag: 'peer-misbehaved', message: 'Not a request to join.' });
      return;
    }
    asked = true;
    void letIn(fromBase64Url(request.update), connection)
      .catch((): Problem => 'malformed')
      .then((reason) => control.send(encode(reason ? { type: 'refused', reason } : { type: 'joined' })))
      .catch(() => connection.close());
  });
}

export interface JoinOptions {
  readonly identity: PeerIdentity;
  /** The project's secret, from the link. */
  readonly secret: Uint8Array;
  readonly invite: InvitationId;
  readonly key: InvitationKey;
  /** The joining, as an update of the carrier. */
  readonly update: Uint8Array;
  readonly signalling: readonly string[];
  readonly rtc: RtcFactory;
  readonly iceServers?: readonly RTCIceServer[];
  readonly loopback?: LoopbackAddress | undefined;
  readonly signal?: AbortSignal;
  /** Without an answer for so long, joining fails. */
  readonly patienceMs?: number;
}

const defaultPatienceMs = 30_000;

/**
 * Finds a member and joins. @returns once a member has taken the joining in
 * @throws {TaggedError} `invitation-expired`, `invitation-revoked`, `invitation-used`, `invitation-unknown`,
 * `invitation-malformed`, `signalling-unreachable`, `no-candidate-pair`, `handshake-refused`, `join-no-answer`
 */
export async function joinProject(options: JoinOptions): Promise<void> {
  const { identity, secret, invite, key, signalling, rtc, iceServers = [], signal } = options;
  signal?.throwIfAborted();
  const room = await projectRoom(secret, 0);
  const connections = new ConnectionSet();
  const common = {
    identity,
    credential: { kind: 'invitation', invite, key } as const,
    gate: new FailureGate()
  };
  const answer = new Answer(options, connections);
  const mesh = await RoomMesh.start({
    ...common,
    room,
    signalling,
    rtc,
    iceServers,
    connections,
    onTrouble: (trouble) => answer.trouble(trouble),
    onChange: () => undefined
  });
  const dialer =
    options.loopback &&
    new LoopbackDialer({
      address: options.loopback,
      linkOptions: { ...common, room: room.name },
      connections
    });
  try {
    await answer.within(() => mesh.signallingStates.includes('connected'));
  } finally {
    dialer?.stop();
    await mesh.stop();
    connections.closeAll();
  }
}

/** The members' answer, whoever of them gives it first. */
class Answer {
  readonly #options: JoinOptions;
  readonly #settled = Promise.withResolvers<undefined>();
  #trouble: TaggedError | undefined;

  constructor(options: JoinOptions, connections: ConnectionSet) {
    this.#options = options;
    connections.onConnection((connection) => this.#ask(connection));
  }

  /** What proves that the invitation is of no use ends the wait; all else may be mended by another try or member. */
  trouble({ error }: MeshTrouble): void {
    const reason = String(error.details?.reason ?? '');
    if (/^invitation-(revoked|expired|used)$/.test(reason)) this.#settled.reject(refusal(reason.slice(11)));
    else if (reason === 'invitation-unknown') this.#trouble = refusal('unknown');
    else this.#trouble ??= fromErrorRecord(error);
  }

  async within(signallingReached: () => boolean): Promise<void> {
    const { signal, patienceMs = defaultPatienceMs, signalling } = this.#options;
    const timer = setTimeout(() => {
      const unreached = signalling.length > 0 && !signallingReached();
      this.#settled.reject(this.#trouble ?? (unreached ? unreachable(signalling) : noAnswer()));
    }, patienceMs);
    const abort = () => this.#settled.reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    try {
      await this.#settled.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #ask(connection: PeerConnection): void {
    const control = connection.channel('control');
    control.onMessage((bytes) => {
      const reply = parse(JoinReply, bytes);
      if (reply?.type === 'joined') this.#settled.resolve(undefined);
      else if (reply?.reason === 'unknown') this.#trouble = refusal('unknown');
      else this.#settled.reject(refusal(reply?.reason ?? 'malformed'));
    });
    // When it closes first, the next connection asks again.
    control.send(encode({ type: 'join', update: toBase64Url(this.#options.update) })).catch(() => undefined);
  }
}

function encode(message: v.InferOutput<typeof JoinRequest> | v.InferOutput<typeof JoinReply>): Uint8Array {
  return utf8(JSON.stringify(message));
}

function parse<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T | undefined {
  try {
    return v.parse(schema, JSON.parse(fromUtf8(bytes)));
  } catch {
    return undefined;
  }
}

function refusal(problem: string): TaggedError {
  return new TaggedError(`invitation-${problem}`, `The invitation cannot be used: ${problem}.`);
}

function unreachable(signalling: readonly string[]): TaggedError {
  return new TaggedError('signalling-unreachable', 'No signalling server of the project answers.', {
    addresses: signalling.join(', ')
  });
}

function noAnswer(): TaggedError {
  return new TaggedError('join-no-answer', 'No member of the project answers.');
}
