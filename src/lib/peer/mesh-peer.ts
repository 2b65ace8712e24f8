/**
 * One other session in the room: the attempts at connecting to it and the connection that came of them. Only the side
 * with the larger id offers; the other asks for an offer. So attempts never cross, and each side can tell a stale one.
 */
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { TaggedError } from '../model/errors.ts';
import { type PeerConnection } from './peer-connection.ts';
import { openPeer, type OpenPeerOptions } from './peer-link.ts';
import { type Signal } from './signal-cipher.ts';
import { type IceCandidate, type RtcSession } from './transport.ts';

export interface MeshPeerHost {
  readonly ownId: string;
  readonly peerId: string;
  /** Whether this side makes the offers. */
  readonly offers: boolean;
  readonly linkOptions: Pick<OpenPeerOptions, 'room' | 'identity' | 'credential' | 'gate'>;
  newSession(): RtcSession;
  send(signal: Signal): void;
  /** @returns whether the connection was kept */
  onConnection(connection: PeerConnection): boolean;
  onTrouble(step: 'no-candidate-pair' | 'handshake-refused', error: unknown): void;
  /** Nobody answers there any more. */
  onGone(): void;
}

interface Attempt {
  readonly id: string;
  readonly session: RtcSession;
  readonly timer: ReturnType<typeof setTimeout>;
  /** The other side took part in it. */
  answered: boolean;
  /** A network path was found: what is left is the handshake. */
  opened: boolean;
}

/** The first attempt may take so long; each failure makes it half as long again. */
const attemptTimeoutMs = 3000;
const attemptLongestMs = 15_000;
const retryFirstMs = 150;
const retryLongestMs = 10_000;
const refusedRetryMs = 5000;
const refusedLongestMs = 60_000;
const unansweredLimit = 4;
const rememberedAttempts = 16;

type SignalFromPeer = Exclude<Signal, { type: 'bye' }>;

export class MeshPeer {
  readonly #host: MeshPeerHost;
  #attempt: Attempt | undefined;
  #connection: PeerConnection | undefined;
  #lastAttempt: string | undefined;
  #seenOffers: string[] = [];
  #failures = 0;
  #unanswered = 0;
  #refusals = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #leaving = false;
  #stopped = false;

  constructor(host: MeshPeerHost) {
    this.#host = host;
  }

  receive(signal: SignalFromPeer): void {
    if (signal.type === 'announce') {
      this.#unanswered = 0;
      this.#leaving = false;
    }
    if (signal.type === 'announce') this.#connectUnlessBusy();
    else if (signal.type === 'want') this.#onWant(signal.seen);
    else if (signal.type === 'offer') void this.#onOffer(signal.attempt, signal.sdp);
    else if (signal.type === 'answer') void this.#onAnswer(signal.attempt, signal.sdp);
    else this.#onCandidate(signal.attempt, { candidate: signal.candidate, mid: signal.mid });
  }

  retryNow(): void {
    this.#refusals = 0;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#connectUnlessBusy();
  }

  /**
   * The other side is said to leave. Whoever knows the room's key can say so: a connection that lives is proof of the
   * contrary, and only when it ends is nobody looked for there any more.
   */
  leave(): void {
    this.#leaving = true;
    if (!this.#connection) this.#host.onGone();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    if (this.#attempt) this.#drop(this.#attempt);
    this.#connection?.close();
  }

  #connectUnlessBusy(): void {
    if (this.#stopped || this.#connection || this.#attempt || this.#retryTimer) return;
    this.#start();
  }

  /** Offers, or asks for an offer. */
  #start(): void {
    if (this.#host.offers) void this.#offer();
    else this.#want();
  }

  #want(): void {
    const { ownId, peerId } = this.#host;
    const seen = this.#lastAttempt;
    this.#host.send({ type: 'want', from: ownId, to: peerId, ...(seen !== undefined && { seen }) });
    // An offer that does not come is asked for again.
    this.#unanswered += 1;
    this.#retryIn(attemptTimeoutMs / 2);
  }

  #onWant(seen: string | undefined): void {
    if (!this.#host.offers || this.#stopped) return;
    this.#unanswered = 0;
    // An attempt that the other side does not know yet is on its way there.
    if (this.#attempt && this.#attempt.id !== seen) return;
    if (this.#connection && this.#lastAttempt !== seen) return;
    if (this.#attempt) this.#drop(this.#attempt);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    // A connection that the other side calls lost stays until the new one has proved that it is the same peer's.
    void this.#offer();
  }

  async #offer(): Promise<void> {
    const attempt = this.#tryBegin(toHex(randomBytes(16)));
    if (!attempt) return;
    const { ownId, peerId } = this.#host;
    try {
      const sdp = await attempt.session.createOffer();
      if (this.#attempt !== attempt) return;
      this.#host.send({ type: 'offer', from: ownId, to: peerId, attempt: attempt.id, sdp });
      await this.#authenticate(attempt, 'offerer');
    } catch (error) {
      this.#failed(attempt, error);
    }
  }

  async #onOffer(id: string, sdp: string): Promise<void> {
    if (this.#host.offers || this.#stopped || this.#seenOffers.includes(id)) return;
    this.#seenOffers = [...this.#seenOffers, id].slice(-rememberedAttempts);
    this.#unanswered = 0;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    if (this.#attempt) this.#drop(this.#attempt);
    const attempt = this.#tryBegin(id);
    if (!attempt) return;
    attempt.answered = true;
    const { ownId, peerId } = this.#host;
    try {
      const answer = await attempt.session.acceptOffer(sdp);
      if (this.#attempt !== attempt) return;
      this.#host.send({ type: 'answer', from: ownId, to: peerId, attempt: id, sdp: answer });
      await this.#authenticate(attempt, 'answerer');
    } catch (error) {
      this.#failed(attempt, error);
    }
  }

  async #onAnswer(id: string, sdp: string): Promise<void> {
    const attempt = this.#attempt;
    if (attempt?.id !== id || attempt.answered) return;
    attempt.answered = true;
    this.#unanswered = 0;
    try {
      await attempt.session.acceptAnswer(sdp);
    } catch (error) {
      this.#failed(attempt, error);
    }
  }

  #onCandidate(attempt: string, candidate: IceCandidate): void {
    if (this.#attempt?.id === attempt) this.#attempt.session.addCandidate(candidate);
  }

  /** Where no connection can be made at all (a browser without WebRTC, say), the trouble is told and nothing is tried. */
  #tryBegin(id: string): Attempt | undefined {
    try {
      return this.#begin(id);
    } catch (error) {
      this.#host.onTrouble('no-candidate-pair', error);
      return undefined;
    }
  }

  #begin(id: string): Attempt {
    const session = this.#host.newSession();
    const { ownId, peerId } = this.#host;
    session.onCandidate(({ candidate, mid }) =>
      this.#host.send({ type: 'candidate', from: ownId, to: peerId, attempt: id, candidate, mid })
    );
    const limit = Math.min(attemptTimeoutMs * 1.5 ** this.#failures, attemptLongestMs);
    const timer = setTimeout(() => this.#failed(attempt, timeoutError(attempt)), limit);
    const attempt: Attempt = { id, session, timer, answered: false, opened: false };
    session.opened.then(
      () => (attempt.opened = true),
      () => undefined
    );
    this.#attempt = attempt;
    this.#lastAttempt = id;
    return attempt;
  }

  async #authenticate(attempt: Attempt, side: 'offerer' | 'answerer'): Promise<void> {
    const connection = await openPeer({ ...this.#host.linkOptions, transport: attempt.session, side });
    if (this.#attempt !== attempt) {
      connection.close();
      return;
    }
    clearTimeout(attempt.timer);
    this.#attempt = undefined;
    this.#failures = this.#unanswered = this.#refusals = 0;
    const older = this.#connection;
    this.#connection = connection;
    // Whoever knows the room's key can answer in this peer's name: only its own session takes the place of its own.
    if (older?.device === connection.device && older.writer === connection.writer)
      older.close({ tag: 'peer-replaced', message: 'The peer connected anew.' });
    connection.onClose((reason) => this.#lost(connection, reason?.tag));
    if (!connection.closed) this.#host.onConnection(connection);
  }

  #lost(connection: PeerConnection, tag: string | undefined): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    // Another session of the mesh, under a new id, is the same peer: this id is of the past.
    if (tag === 'peer-replaced' || this.#leaving) this.#host.onGone();
    else this.#connectUnlessBusy();
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (this.#attempt !== attempt) return;
    // A refusal of this side must still leave: openPeer closes that session itself.
    if (error instanceof TaggedError && error.tag === 'handshake-refused') this.#leave(attempt);
    else this.#drop(attempt);
    if (this.#stopped) return;
    this.#failures += 1;
    if (!attempt.answered) this.#unanswered += 1;
    if (error instanceof TaggedError && error.tag.startsWith('handshake')) {
      this.#host.onTrouble('handshake-refused', error);
    } else if (attempt.answered && !this.#connection) this.#host.onTrouble('no-candidate-pair', error);
    if (error instanceof TaggedError && error.tag.startsWith('handshake-refused')) {
      this.#refusals += 1;
      this.#retryIn(Math.min(refusedRetryMs * 2 ** (this.#refusals - 1), refusedLongestMs));
      return;
    }
    this.#retryIn(Math.min(retryFirstMs * 2 ** (this.#failures - 1), retryLongestMs));
  }

  #retryIn(delayMs: number): void {
    clearTimeout(this.#retryTimer);
    if (this.#unanswered >= unansweredLimit) {
      if (!this.#connection) this.#host.onGone();
      return;
    }
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = undefined;
        this.#connectUnlessBusy();
      },
      delayMs * (0.75 + Math.random() / 2)
    );
  }

  #drop(attempt: Attempt): void {
    this.#leave(attempt);
    attempt.session.close();
  }

  #leave(attempt: Attempt): void {
    clearTimeout(attempt.timer);
    this.#attempt = undefined;
  }
}

function timeoutError({ opened }: Attempt): TaggedError {
  if (opened) return new TaggedError('handshake-timeout', 'The peer did not finish the handshake in time.');
  return new TaggedError('no-candidate-pair', 'The peer answers, but no network path to it was found.');
}
