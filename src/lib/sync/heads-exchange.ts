/**
 * Compares histories with one peer: each side tells the last entry of every log, and where the other holds another one
 * in that place, it shows its own, signed. So a writer that signed two histories is found out even when each replica
 * was told one of them alone.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type Doc, encodeStateVector } from 'yjs';
import { fromHex, toHex } from '../identity/encoding.ts';
import { type Head, type Histories } from '../project/histories.ts';
import { Budget } from './budget.ts';

const message = { sync: 0, heads: 5, contradiction: 6 } as const;
const stateVectorStep = 0;
/** At about 48 bytes each they fit half a megabyte. */
const mostHeads = 10_000;
/** A signed header with as many access heads as it may name has 2.4 KiB. */
const contradictionLimit = 8192;
const hashLength = 32;

/** Heads that changed are told so often at most. */
const intervalMs = 10_000;
/** Messages of the peer that are read: so many at once, and one more in each time. More are not refused but ignored. */
const headsBudget = { burst: 4, eachMs: 5000 };
const contradictionBudget = { burst: 64, eachMs: 1000 };

export interface HeadsExchangeOptions {
  readonly histories: Histories;
  readonly carrier: Doc;
  readonly send: (message: Uint8Array) => void;
}

export class HeadsExchange {
  readonly #options: HeadsExchangeOptions;
  readonly #told = new Map<number, string>();
  readonly #headsBudget = new Budget(headsBudget);
  readonly #contradictionBudget = new Budget(contradictionBudget);
  readonly #onUpdate = () => this.#tellSoon();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heard = false;

  /** Tells the present heads at once, and later what changes. */
  constructor(options: HeadsExchangeOptions) {
    this.#options = options;
    options.carrier.on('update', this.#onUpdate);
    this.#tell();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#options.carrier.off('update', this.#onUpdate);
  }

  /** @returns false when no honest peer sends such a message @throws when it cannot be decoded */
  async receive(bytes: Uint8Array): Promise<boolean> {
    const decoder = decoding.createDecoder(bytes);
    return decoding.readVarUint(decoder) === message.heads
      ? this.#receiveHeads(decoder)
      : this.#receiveContradiction(decoder);
  }

  async #receiveHeads(decoder: decoding.Decoder): Promise<boolean> {
    const heads = decodeHeads(decoder);
    if (!heads) return false;
    if (!this.#headsBudget.spend()) return true;
    const { histories } = this.#options;
    for (const header of await histories.contradictions(heads)) this.#send(message.contradiction, header);
    // What it tells first is on its way by the first sync step; later, something went missing between us.
    if (this.#heard && histories.lacks(heads)) this.#askForMissing();
    this.#heard = true;
    return true;
  }

  async #receiveContradiction(decoder: decoding.Decoder): Promise<boolean> {
    const header = decoding.readVarUint8Array(decoder);
    if (header.length > contradictionLimit) return false;
    return !this.#contradictionBudget.spend() || this.#options.histories.takeContradiction(header);
  }

  #tellSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, intervalMs);
  }

  #tell(): void {
    const changed = this.#options.histories
      .heads()
      .filter(({ writer, hash }) => this.#told.get(writer) !== hash);
    if (changed.length === 0 && this.#told.size > 0) return;
    const heads = changed.slice(0, mostHeads);
    for (const { writer, hash } of heads) this.#told.set(writer, hash);
    this.#options.send(encodeHeads(heads));
  }

  #askForMissing(): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, message.sync);
    encoding.writeVarUint(encoder, stateVectorStep);
    encoding.writeVarUint8Array(encoder, encodeStateVector(this.#options.carrier));
    this.#options.send(encoding.toUint8Array(encoder));
  }

  #send(type: number, bytes: Uint8Array): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, type);
    encoding.writeVarUint8Array(encoder, bytes);
    this.#options.send(encoding.toUint8Array(encoder));
  }
}

function encodeHeads(heads: readonly Head[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, message.heads);
  encoding.writeVarUint(encoder, heads.length);
  for (const { writer, seq, hash } of heads) {
    encoding.writeVarUint(encoder, writer);
    encoding.writeVarUint(encoder, seq);
    encoding.writeUint8Array(encoder, fromHex(hash));
  }
  return encoding.toUint8Array(encoder);
}

/** @returns undefined for more heads than anybody tells */
function decodeHeads(decoder: decoding.Decoder): Head[] | undefined {
  const count = decoding.readVarUint(decoder);
  if (count > mostHeads) return undefined;
  const heads: Head[] = [];
  for (let i = 0; i < count; i++)
    heads.push({
      writer: decoding.readVarUint(decoder),
      seq: decoding.readVarUint(decoder),
      hash: toHex(decoding.readUint8Array(decoder, hashLength))
    });
  return heads;
}
