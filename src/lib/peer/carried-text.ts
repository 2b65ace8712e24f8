/**
 * Offers and answers that people carry between two devices by hand, as text: for networks in which no signalling server
 * is reached from both sides. Nothing in it is secret or trusted: the handshake proves who speaks.
 */
import * as v from 'valibot';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../identity/encoding.ts';
import { TaggedError } from '../model/errors.ts';

const mark = 'DENDRO1.';
const longestText = 32 * 1024;
const longestInflated = 96 * 1024;

const Description = v.object({
  sdp: v.pipe(v.string(), v.maxLength(16 * 1024)),
  candidates: v.pipe(
    v.array(
      v.object({
        candidate: v.pipe(v.string(), v.maxLength(1024)),
        mid: v.pipe(v.string(), v.maxLength(16))
      })
    ),
    v.maxLength(64)
  )
});
export type Description = v.InferOutput<typeof Description>;

const Carried = v.object({
  v: v.literal(1),
  kind: v.picklist(['offer', 'answer']),
  /** Which offer it is, or answers. */
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  /** Name of the room (identity/rooms.ts): of one project. */
  room: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  /** One a connection. */
  sessions: v.pipe(v.array(Description), v.minLength(1), v.maxLength(2))
});
export type Carried = v.InferOutput<typeof Carried>;

export async function encodeCarried(carried: Carried): Promise<string> {
  const deflated = new Blob([utf8(JSON.stringify(carried)) as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'));
  return mark + toBase64Url(new Uint8Array(await new Response(deflated).arrayBuffer()));
}

/**
 * Hostile input: read within limits.
 * @throws TaggedError `carried-invalid`; `carried-mixed-up` for an answer in place of an offer, or the reverse
 */
export async function decodeCarried(text: string, kind: Carried['kind']): Promise<Carried> {
  const carried = await parse(text);
  if (carried.kind !== kind)
    throw new TaggedError('carried-mixed-up', `expected an ${kind}, and this is an ${carried.kind}`, {
      expected: kind
    });
  return carried;
}

async function parse(text: string): Promise<Carried> {
  try {
    // Mail programs break long lines.
    const compact = text.replaceAll(/\s/g, '');
    if (!compact.startsWith(mark) || compact.length > longestText) throw new Error('no such text');
    const bytes = await inflate(fromBase64Url(compact.slice(mark.length)));
    return v.parse(Carried, JSON.parse(fromUtf8(bytes)));
  } catch (cause) {
    throw new TaggedError(
      'carried-invalid',
      'this is no such text, or a part of it is missing',
      {},
      { cause }
    );
  }
}

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = stream.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > longestInflated) {
      await reader.cancel();
      throw new Error('too long');
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
