/**
 * STUN and TURN servers of the lab's own, and whether connections go through a relay only: what a device is told about
 * the networks between it and its peers. None by default, and never a public server.
 */
import * as v from 'valibot';
import { TaggedError } from '../model/errors.ts';
import { type RtcOptions } from './transport.ts';

const mostServers = 8;
const address =
  /^(?:stuns?|turns?):(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?$/;

const IceServer = v.object({
  /** `stun:host:port` or `turn:host:port?transport=udp`, as browsers take it. */
  url: v.pipe(v.string(), v.maxLength(256)),
  username: v.optional(v.pipe(v.string(), v.maxLength(256)), ''),
  credential: v.optional(v.pipe(v.string(), v.maxLength(512)), '')
});
export type IceServer = v.InferOutput<typeof IceServer>;

const IceSettings = v.object({
  servers: v.optional(v.pipe(v.array(IceServer), v.maxLength(mostServers)), []),
  relayOnly: v.optional(v.boolean(), false)
});
export type IceSettings = v.InferOutput<typeof IceSettings>;

export const directOnly: IceSettings = { servers: [], relayOnly: false };

/** What a person has to change about one server; undefined: nothing. */
export function problemOfServer({ url, username, credential }: IceServer): string | undefined {
  const match = address.exec(url);
  if (!match || Number(match[1] ?? 1) > 65535 || match[1] === '0')
    return 'Write it as turn:HOST:PORT or stun:HOST:PORT, such as turn:relay.example.org:3478.';
  const isRelay = url.startsWith('turn');
  if (isRelay && (username === '' || credential === ''))
    return 'A relay (TURN) server needs a user name and a password.';
  return undefined;
}

/** What a person has to change about the whole; undefined: nothing. */
export function problemOfSettings({ servers, relayOnly }: IceSettings): string | undefined {
  if (servers.length > mostServers) return `At most ${mostServers} servers.`;
  if (relayOnly && !servers.some(({ url }) => url.startsWith('turn')))
    return 'To connect through a relay only, name a relay (turn:) server.';
  return servers.map(problemOfServer).find((problem) => problem !== undefined);
}

/**
 * Settings as stored or from a file: hostile input.
 * @throws TaggedError `ice-invalid`
 */
export function parseIceSettings(value: unknown): IceSettings {
  const parsed = v.safeParse(IceSettings, value);
  if (!parsed.success)
    throw new TaggedError(
      'ice-invalid',
      'expected {"servers": [{"url": "turn:HOST:PORT", "username": "…", "credential": "…"}], "relayOnly": false}'
    );
  const problem = problemOfSettings(parsed.output);
  if (problem !== undefined) throw new TaggedError('ice-invalid', problem);
  return parsed.output;
}

export function rtcOptionsOf({ servers, relayOnly }: IceSettings): RtcOptions {
  return {
    iceServers: servers.map(({ url, username, credential }) => ({
      urls: url,
      ...(username !== '' && { username }),
      ...(credential !== '' && { credential })
    })),
    relayOnly
  };
}
