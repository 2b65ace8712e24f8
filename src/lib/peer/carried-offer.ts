/** Two sides of a connection whose offer and answer people carry by hand (carried-text.ts). */
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { TaggedError } from '../model/errors.ts';
import { decodeCarried, type Description, encodeCarried } from './carried-text.ts';
import { holdFrames } from './held-transport.ts';
import { type PeerTransport, type RtcFactory, type RtcSession } from './transport.ts';

/** A STUN server that does not answer must not hold the text back for long. */
const gatheringMs = 4000;
/** As many as a text takes. */
const mostCandidates = 64;

export class CarriedOffer {
  readonly text: string;
  readonly room: string;
  readonly #id: string;
  readonly #sessions: readonly RtcSession[];
  #accepted = false;

  private constructor(made: { text: string; room: string; id: string; sessions: readonly RtcSession[] }) {
    this.text = made.text;
    this.room = made.room;
    this.#id = made.id;
    this.#sessions = made.sessions;
  }

  /** @param count connections that are wanted, one after another */
  static async make(options: { rtc: RtcFactory; room: string; count: 1 | 2 }): Promise<CarriedOffer> {
    const { rtc, room, count } = options;
    const sessions = Array.from({ length: count }, () => rtc({ patient: true }));
    const id = toHex(randomBytes(16));
    const described = await Promise.all(
      sessions.map((session) => describe(session, () => session.createOffer()))
    );
    const text = await encodeCarried({ v: 1, kind: 'offer', id, room, sessions: described });
    return new CarriedOffer({ text, room, id, sessions });
  }

  /**
   * Takes the answer. @returns the connections, which open if a path is found, and keep what arrives until then
   * @throws TaggedError `carried-invalid`, `carried-mixed-up`, `carried-other`
   */
  async accept(text: string): Promise<readonly PeerTransport[]> {
    const answer = await decodeCarried(text, 'answer');
    if (answer.id !== this.#id || answer.sessions.length !== this.#sessions.length || this.#accepted)
      throw new TaggedError('carried-other', 'this answers another offer');
    this.#accepted = true;
    const transports = this.#sessions.map(holdFrames);
    await Promise.all(
      this.#sessions.map(async (session, i) => {
        const description = answer.sessions[i];
        if (!description) return;
        await session.acceptAnswer(description.sdp);
        for (const candidate of description.candidates) session.addCandidate(candidate);
      })
    );
    return transports;
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }
}

export interface CarriedAnswer {
  readonly text: string;
  /** What arrives on them is kept until somebody listens. */
  readonly sessions: readonly PeerTransport[];
}

/**
 * Answers an offer for a room.
 * @throws TaggedError `carried-invalid`, `carried-mixed-up`; `carried-other` when it is for another room
 */
export async function answerCarried(options: {
  rtc: RtcFactory;
  text: string;
  room: string;
}): Promise<CarriedAnswer> {
  const { rtc, room } = options;
  const offer = await decodeCarried(options.text, 'offer');
  if (offer.room !== room) throw new TaggedError('carried-other', 'this offer is for another project');
  const sessions = offer.sessions.map(() => rtc({ patient: true }));
  const transports = sessions.map(holdFrames);
  try {
    const described = await Promise.all(
      offer.sessions.map(async ({ sdp, candidates }, i) => {
        const session = sessions[i];
        if (!session) throw new TaggedError('carried-invalid', 'no session');
        const description = await describe(session, () => session.acceptOffer(sdp));
        for (const candidate of candidates) session.addCandidate(candidate);
        return description;
      })
    );
    const text = await encodeCarried({ v: 1, kind: 'answer', id: offer.id, room, sessions: described });
    return { text, sessions: transports };
  } catch (error) {
    for (const session of sessions) session.close();
    throw error instanceof TaggedError
      ? error
      : new TaggedError('carried-invalid', 'the offer cannot be answered', {}, { cause: error });
  }
}

/** The description with all candidates: there is no way to send them later. */
async function describe(session: RtcSession, start: () => Promise<unknown>): Promise<Description> {
  await start();
  await Promise.race([session.gathered, new Promise((resolve) => setTimeout(resolve, gatheringMs))]);
  const whole = session.localDescription;
  const mid = /^a=mid:(\S+)/m.exec(whole)?.[1] ?? '0';
  const candidates = [...whole.matchAll(/^a=(candidate:.*?)\r?$/gm)].map(([, candidate = '']) => ({
    candidate,
    mid
  }));
  // Apart, as they come in a room: some names in them must be resolved first.
  const sdp = whole.replaceAll(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, '');
  return { sdp, candidates: candidates.slice(0, mostCandidates) };
}
