/**
 * Joining a project by an invitation: whoever holds the link meets any member in the project's room, proves the
 * invitation in the handshake, and hands over one signed entry that says who joins. Nothing else is said to them; as a
 * member they then come back and sync like everybody.
 */
import * as v from 'valibot';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../identity/encoding.ts';
import { type InvitationKey } from '../identity/invitation.ts';
import { projectRoom } from '../identity/rooms.ts';
import { TaggedError } from '../model/errors.ts';
import { type InvitationId } from '../model/ids.ts';
import { type PeerConnection } from '../peer/peer-connection.ts';
import { type InvitationLookup, type PeerIdentity, type RemotePeer } from '../peer/peer-identity.ts';
import { type MeshTrouble } from '../peer/room-mesh.ts';
import { type PeerTransport, type RtcFactory } from '../peer/transport.ts';
import { type LoopbackAddress } from './loopback-dialer.ts';
import { type Meeting, openMeeting } from './meeting.ts';

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
  readonly loopback?: LoopbackAddress | undefined;
  /** A connection whose offer and answer were carried by hand. */
  readonly carried?: PeerTransport | undefined;
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
  const { secret, invite, key, signal } = options;
  signal?.throwIfAborted();
  const answer = new Answer(options);
  const meeting = await openMeeting({
    ...options,
    room: await projectRoom(secret, 0),
    credential: { kind: 'invitation', invite, key },
    onTrouble: (trouble) => answer.hearOf(trouble)
  });
  try {
    await answer.from(meeting);
  } finally {
    await meeting.close();
  }
}

/** The members' answer, whoever of them gives it first. */
class Answer {
  readonly #options: JoinOptions;
  readonly #settled = Promise.withResolvers<undefined>();
  /** Some member has not heard of the invitation yet. */
  #unknown = false;

  constructor(options: JoinOptions) {
    this.#options = options;
    // Trouble may come before anybody waits.
    this.#settled.promise.catch(() => undefined);
  }

  /** What proves that the invitation is of no use ends the wait; all else may be mended by another try or member. */
  hearOf({ error }: MeshTrouble): void {
    const problem = /^invitation-(\w+)$/.exec(String(error.details?.reason ?? ''))?.[1];
    if (problem === 'unknown') this.#unknown = true;
    else if (problem) this.#settled.reject(refusal(problem));
  }

  async from(meeting: Meeting): Promise<void> {
    const { signal, patienceMs = defaultPatienceMs } = this.#options;
    meeting.connections.onConnection((connection) => this.#ask(connection));
    const timer = setTimeout(() => {
      const known = this.#unknown ? refusal('unknown') : meeting.trouble();
      this.#settled.reject(known ?? noAnswer());
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
      else if (reply?.reason === 'unknown') this.#unknown = true;
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

function noAnswer(): TaggedError {
  return new TaggedError('join-no-answer', 'No member of the project answers.');
}
