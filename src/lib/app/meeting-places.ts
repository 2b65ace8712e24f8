/** Where a project's members are met, and which of its nodes served this page. Pure. */
import { mostSignalling, SignallingUrl } from '#lib/identity/links.ts';
import { type DeviceId } from '#lib/model/ids.ts';
import * as v from 'valibot';
import { type MeetingPlaces } from './project-connection.svelte.ts';

export { mostSignalling };

/** What to change about an address that an admin enters; undefined: nothing. @param page the protocol of this page */
export function problemOfSignalling(
  text: string,
  { known, page }: { known: readonly string[]; page: string }
): string | undefined {
  if (!v.is(SignallingUrl, text) || new URL(text).hash !== '' || new URL(text).username !== '')
    return 'Write it as wss://HOST:PORT/signal, as “npx dendro signal” prints it.';
  if (known.includes(text)) return 'This address is in the list already.';
  if (page === 'https:' && text.startsWith('ws:') && !isLoopback(new URL(text).hostname))
    return 'An app by HTTPS reaches wss:// addresses only: give the server a certificate (--tls-cert, --tls-key).';
  return undefined;
}

export function meetingPlaces(options: {
  project: {
    /** As the project itself names them. */
    named: readonly string[];
    signalling: readonly string[];
    introducers: readonly DeviceId[];
    byInvitation?: boolean | undefined;
  };
  nodes: readonly { id: DeviceId; signalling: readonly string[] }[];
  /** Of this page, such as http://localhost:4317. */
  origin: string;
  /** The user wants all bytes over data channels. */
  forceDataChannel: boolean;
}): MeetingPlaces {
  const { project, nodes, origin, forceDataChannel } = options;
  const signalling = new Set([
    ...project.named,
    ...project.signalling,
    ...nodes.flatMap((node) => node.signalling)
  ]);
  const host = forceDataChannel
    ? undefined
    : nodes.find((node) => node.signalling.some((url) => originOf(url) === origin));
  const loopbackUrl = host && loopbackOf(host.signalling, origin);
  return {
    signalling: [...signalling],
    introducers: project.byInvitation ? 'anyone' : project.introducers,
    httpDevice: host && { device: host.id, origin },
    loopback: host && loopbackUrl !== undefined ? { url: loopbackUrl, device: host.id } : undefined
  };
}

/** The `/peer` address of the node that served this page, when both are on one machine. */
export function loopbackOf(signalling: readonly string[], origin: string): string | undefined {
  if (!signalling.some((url) => originOf(url) === origin) || !isLoopback(new URL(origin).hostname))
    return undefined;
  return `${origin.replace(/^http/, 'ws')}/peer`;
}

function originOf(signallingUrl: string): string {
  return new URL(signallingUrl.replace(/^ws/, 'http')).origin;
}
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}
