/**
 * Stands between one peer and y-webrtc: lets in sync messages whose updates the project admits, and presence of the peer
 * itself; lets out this side's own presence only. Anything else is dropped and counted, and nothing that passes can make
 * y-webrtc throw.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { decodeStateVector } from 'yjs';
import { type WriterId } from '../model/ids.ts';
import { type RemotePeer } from '../peer/peer-identity.ts';
import { Budget } from './budget.ts';
import { type HeadsExchange } from './heads-exchange.ts';
import { checkPresence } from './presence.ts';

/**
 * The project's admission check: whether a Yjs update from this peer may be applied to the carrier, or the part of it
 * that may. A refusal counts against the peer.
 */
export type Admit = (
  update: Uint8Array,
  from: RemotePeer
) => boolean | Uint8Array | Promise<boolean | Uint8Array>;

/** y-webrtc's, and two of our own that it never sees (heads-exchange.ts). */
const message = { sync: 0, awareness: 1, queryAwareness: 3, heads: 5, contradiction: 6 } as const;
const syncStep = { stateVector: 0, missing: 1, update: 2 } as const;
/** More than 50,000 writers: y-webrtc would make a map of millions of what a peer sends. */
const stateVectorLimit = 1024 * 1024;
const awarenessLimit = 8 * 1024;
/** More are not refused but missed: presence comes again by itself. */
const awarenessBudget = { burst: 20, eachMs: 50 };
/** Each is answered with all that the peer says it lacks. Honest peers ask once, and again when something went missing. */
const questionBudget = { burst: 16, eachMs: 1000 };
const violationLimit = 20;

export interface SyncGateOptions {
  readonly peer: RemotePeer;
  readonly own: WriterId;
  /**
   * Under which y-webrtc knows the presence of this connection. The writer that a peer announces is its own word: under
   * that, it could speak for another session, or for this one.
   */
  readonly presenceId: number;
  readonly admit: Admit;
  readonly heads?: HeadsExchange | undefined;
  /** The peer has sent too much that is refused. */
  readonly onMisbehaved: () => void;
}

export class SyncGate {
  readonly #options: SyncGateOptions;
  #violations = 0;
  readonly #awareness = new Budget(awarenessBudget);
  readonly #questions = new Budget(questionBudget);

  constructor(options: SyncGateOptions) {
    this.#options = options;
  }

  /** Messages of this peer that were dropped as refused. */
  get violations(): number {
    return this.#violations;
  }

  /** @returns what y-webrtc may see of a message from the peer */
  async incoming(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const passed = await this.#check(bytes);
      if (passed === 'refused') this.#refuse();
      return passed instanceof Uint8Array ? passed : undefined;
    } catch {
      // Not decodable: hostile or of another version, never a reason to stop.
      this.#refuse();
      return undefined;
    }
  }

  /** @returns what the peer may see of a message from y-webrtc, which would also relay others' presence */
  outgoing(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes[0] === message.sync) return bytes;
    if (bytes[0] !== message.awareness) return undefined;
    return presenceOf({ of: this.#options.own, as: this.#options.own }, bytes);
  }

  async #check(bytes: Uint8Array): Promise<Uint8Array | 'refused' | undefined> {
    const decoder = decoding.createDecoder(bytes);
    const type = decoding.readVarUint(decoder);
    if (type === message.queryAwareness) return undefined;
    if (type === message.awareness) return this.#checkAwareness(bytes);
    if (type === message.heads || type === message.contradiction)
      return (await this.#options.heads?.receive(bytes)) === false ? 'refused' : undefined;
    if (type !== message.sync) return 'refused';
    const step = decoding.readVarUint(decoder);
    const content = decoding.readVarUint8Array(decoder);
    if (step === syncStep.stateVector) {
      if (content.length > stateVectorLimit) return 'refused';
      decodeStateVector(content);
      return this.#questions.spend() ? bytes : undefined;
    }
    if (step !== syncStep.missing && step !== syncStep.update) return 'refused';
    const admitted = await this.#options.admit(content, this.#options.peer);
    if (admitted instanceof Uint8Array) return encodeSync(step, admitted);
    return admitted ? bytes : 'refused';
  }

  #checkAwareness(bytes: Uint8Array): Uint8Array | 'refused' | undefined {
    if (bytes.length > awarenessLimit) return 'refused';
    if (!this.#awareness.spend()) return undefined;
    return presenceOf({ of: this.#options.peer.writer, as: this.#options.presenceId }, bytes);
  }

  #refuse(): void {
    this.#violations += 1;
    if (this.#violations >= violationLimit) this.#options.onMisbehaved();
  }
}

/** The entry of one writer out of an awareness message, checked, under another id; undefined when there is none. */
function presenceOf({ of, as }: { of: WriterId; as: number }, bytes: Uint8Array): Uint8Array | undefined {
  const decoder = decoding.createDecoder(bytes);
  decoding.readVarUint(decoder);
  const update = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  const count = decoding.readVarUint(update);
  for (let i = 0; i < count; i++) {
    const client = decoding.readVarUint(update);
    const clock = decoding.readVarUint(update);
    const state = decoding.readVarString(update);
    if (client !== of) continue;
    const checked = checkPresence(state);
    if (checked === undefined) return undefined;
    return encodeAwareness(as, clock, checked);
  }
  return undefined;
}

function encodeSync(step: number, update: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, message.sync);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, update);
  return encoding.toUint8Array(encoder);
}

function encodeAwareness(id: number, clock: number, state: string): Uint8Array {
  const update = encoding.createEncoder();
  encoding.writeVarUint(update, 1);
  encoding.writeVarUint(update, id);
  encoding.writeVarUint(update, clock);
  encoding.writeVarString(update, state);
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, message.awareness);
  encoding.writeVarUint8Array(encoder, encoding.toUint8Array(update));
  return encoding.toUint8Array(encoder);
}
