/**
 * Values that the last writer decides, in one Y.Map. Each writer sets keys of their own only, and the value with the
 * highest clock counts: so what a member wrote who turns out to have had no say can be left out without touching what
 * others wrote before or after it.
 */
import * as v from 'valibot';
import type * as Y from 'yjs';
import { type WriterId } from '../model/ids.ts';

export interface Register<Value> {
  value: Value;
  /** One more than the highest that its writer knew. */
  clock: number;
  writer: WriterId;
}

const clockLimit = 2 ** 48;

export class Registers<Value extends string | boolean> {
  readonly #map: Y.Map<unknown>;
  readonly #writer: WriterId;
  /** Read once for each change of the map: a page asks for the name of everything that it lists. */
  #winners: Map<string, Register<Value>> | undefined;
  /** Set when a value was left out for its clock: how much had been written then. */
  #aheadOf: number | undefined;
  readonly #schema: v.GenericSchema<unknown, { value: Value; clock: number }>;

  constructor(map: Y.Map<unknown>, writer: WriterId, value: v.GenericSchema<unknown, Value>) {
    this.#map = map;
    this.#writer = writer;
    this.#schema = v.object({
      value,
      clock: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(clockLimit))
    }) as v.GenericSchema<unknown, { value: Value; clock: number }>;
    map.observe(() => (this.#winners = undefined));
  }

  /** What counts now, by name. */
  get all(): ReadonlyMap<string, Register<Value>> {
    if (this.#winners && this.#aheadOf === undefined) return this.#winners;
    const extent = extentOf(this.#map.doc);
    // What is ahead now may have its time once more has been written.
    if (this.#aheadOf !== extent) this.#winners = undefined;
    return (this.#winners ??= this.#read(extent));
  }

  get(name: string): Value | undefined {
    return this.all.get(name)?.value;
  }

  set(name: string, value: Value): void {
    const clock = Math.min((this.all.get(name)?.clock ?? 0) + 1, clockLimit);
    this.#map.set(`${this.#writer}\n${name}`, { value, clock });
  }

  /**
   * What cannot be read is left out, and what names a clock that so little writing cannot have reached: with it, nobody
   * could decide that value again.
   */
  #read(extent: number): Map<string, Register<Value>> {
    this.#aheadOf = undefined;
    const winners = new Map<string, Register<Value>>();
    for (const [key, stored] of this.#map.entries()) {
      const at = key.indexOf('\n');
      const parsed = v.safeParse(this.#schema, stored);
      const writer = Number(key.slice(0, at)) as WriterId;
      // A key says whose it is; who set it, the item alone.
      const isOwn = this.#map._map.get(key)?.id.client === writer;
      if (at < 0 || !isOwn || !parsed.success) continue;
      if (parsed.output.clock > extent) {
        this.#aheadOf = extent;
        continue;
      }
      const candidate = { ...parsed.output, writer };
      const name = key.slice(at + 1);
      const present = winners.get(name);
      if (!present || isLater(candidate, present)) winners.set(name, candidate);
    }
    return winners;
  }
}

/** How much was ever written in the document: at least once for each value that was set. */
function extentOf(doc: Y.Doc | null): number {
  let extent = 0;
  for (const structs of doc?.store.clients.values() ?? []) {
    const last = structs.at(-1);
    if (last) extent += last.id.clock + last.length;
  }
  return extent;
}

function isLater(a: Register<unknown>, b: Register<unknown>): boolean {
  return a.clock === b.clock ? a.writer > b.writer : a.clock > b.clock;
}
