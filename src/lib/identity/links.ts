/**
 * Pairing and invitation links: everything stands after `#`, so no server sees it and one fragment works under any address of the
 * app. A link is parsed as hostile input.
 */
import * as v from 'valibot';
import { TaggedError } from '../model/errors.ts';
import { DeviceId, InvitationId, ProjectId } from '../model/ids.ts';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from './encoding.ts';
import { InvitableRole } from './person.ts';

const longestFragment = 4096;

/** 32 bytes as the browser and node-datachannel print them: upper-case hex, colons between. */
export const Fingerprint = v.pipe(v.string(), v.regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/));

/** Addresses of signalling servers that a link or a project names at most. */
export const mostSignalling = 8;

/** Where peers of a room find each other. */
export const SignallingUrl = v.pipe(
  v.string(),
  v.maxLength(512),
  v.check((text) => /^wss?:\/\//.test(text) && URL.canParse(text), 'must be a ws:// or wss:// address')
);

/** What a pairing link says: which node, where it listens, and the secret that proves possession of the link. */
export const PairingLink = v.object({
  v: v.literal(1),
  /** The node's signing key. */
  node: DeviceId,
  /** SHA-256 of the node's DTLS certificate. */
  fingerprint: Fingerprint,
  signalling: v.pipe(v.array(SignallingUrl), v.minLength(1), v.maxLength(mostSignalling)),
  /** 128 bits, base64url. */
  secret: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/)),
  /** ms since 1970; the node's clock decides. */
  expires: v.pipe(v.number(), v.safeInteger(), v.minValue(0))
});
export type PairingLink = v.InferOutput<typeof PairingLink>;

/** The whole link below an app address, such as `http://localhost:4317`. */
export function formatPairingLink(origin: string, link: PairingLink): string {
  return `${origin}/pair#${toBase64Url(utf8(JSON.stringify(link)))}`;
}

/**
 * Reads a whole link, or only what stands after its `#`.
 * @throws TaggedError `link-invalid`
 */
export function parsePairingLink(text: string): PairingLink {
  try {
    return v.parse(PairingLink, readFragment(text));
  } catch (cause) {
    throw new TaggedError(
      'link-invalid',
      'this is no pairing link, or a part of it is missing',
      {},
      { cause }
    );
  }
}

/** base64url; the last character holds four bits and two that are zero. */
const bytes32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/));
const shownName = v.pipe(v.string(), v.maxLength(256));

/** What an invitation link says. Whoever holds it can join: it is a secret until it is used up or revoked. */
export const InvitationLink = v.object({
  v: v.literal(1),
  project: ProjectId,
  /** The project's secret: where its members meet is derived from it. */
  secret: bytes32,
  invite: InvitationId,
  /** The private seed of the invitation's key. */
  seed: bytes32,
  /** Hash and lamport of the entry that invites. */
  entry: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  lamport: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  signalling: v.pipe(v.array(SignallingUrl), v.maxLength(mostSignalling)),
  /** ms since 1970; shown, and judged by the member who lets somebody in. */
  expires: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Shown before joining; what counts is what the project says. */
  role: InvitableRole,
  projectName: shownName,
  inviterName: shownName
});
export type InvitationLink = v.InferOutput<typeof InvitationLink>;

/** The whole link below an app address, such as `http://localhost:4317`. */
export function formatInvitationLink(origin: string, link: InvitationLink): string {
  return `${origin}/join#${toBase64Url(utf8(JSON.stringify(link)))}`;
}

/**
 * Reads a whole link, or only what stands after its `#`.
 * @throws TaggedError `invitation-invalid`
 */
export function parseInvitationLink(text: string): InvitationLink {
  try {
    return v.parse(InvitationLink, readFragment(text));
  } catch (cause) {
    throw new TaggedError(
      'invitation-invalid',
      'this is no invitation link, or a part of it is missing',
      {},
      { cause }
    );
  }
}

function readFragment(text: string): unknown {
  const fragment = text.trim().replace(/^[^#]*#/, '');
  if (fragment.length === 0 || fragment.length > longestFragment) throw new Error('length');
  return JSON.parse(fromUtf8(fromBase64Url(fragment)));
}
