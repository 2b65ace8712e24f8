/**
 * Who may knock: every HTTP and WebSocket request is held against the addresses under which this node is known, so
 * that neither a foreign page nor a rebound name reaches it.
 */
import { type IncomingHttpHeaders } from 'node:http';

export interface Doors {
  /** Whether the server itself speaks TLS. */
  tls: boolean;
  port: number;
  publicUrl?: URL;
  /** Further origins whose pages may talk to this node; the only ones that get CORS headers. */
  allowOrigins: readonly string[];
}

export interface Refusal {
  status: 403 | 421;
  /** One sentence for the person who meets it. */
  message: string;
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Why a request is refused, or undefined when it may pass.
 * @param localAddress where the connection arrived: a page cannot be rebound to an address that is no name
 */
export function refuse(
  headers: IncomingHttpHeaders,
  doors: Doors,
  localAddress?: string
): Refusal | undefined {
  const host = parseHost(headers.host);
  if (!host || !(isKnownHost(host, doors) || isAddress(host, localAddress)))
    return {
      status: 421,
      message: `This node is not known as "${printable(headers.host)}". Open it as ${doors.publicUrl?.origin ?? `http://localhost:${doors.port}`}, or name its address with --public-url; a proxy before it must keep the Host header or send the address that it connects to.`
    };
  const origin = headers.origin;
  if (origin === undefined || isKnownOrigin(origin, host, doors)) return undefined;
  return {
    status: 403,
    message: `A page of ${printable(origin)} may not talk to this node. Its owner can allow it with --allow-origin.`
  };
}

/** CORS headers for an allow-listed origin; none for any other, the node's own included. */
export function corsHeaders(headers: IncomingHttpHeaders, doors: Doors): Record<string, string> {
  const origin = headers.origin;
  if (origin === undefined || !doors.allowOrigins.includes(origin)) return {};
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': 'GET, PUT',
    'Access-Control-Allow-Headers': 'authorization, content-type, dendro-chunk-hash',
    'Access-Control-Expose-Headers': 'dendro-chunk-hash',
    'Access-Control-Max-Age': '600',
    'Cross-Origin-Resource-Policy': 'cross-origin',
    Vary: 'Origin'
  };
}

/**
 * Where a numeric loopback address is sent, so that the app has one origin and so one database. Not with a public
 * address: a proxy may name the node by its loopback address, and the browser behind it is at its home already.
 */
export function homeOf(host: string | undefined, path: string, doors: Doors): string | undefined {
  if (doors.publicUrl) return undefined;
  const parsed = parseHost(host);
  if (!parsed || parsed.name === 'localhost' || !loopbackNames.has(parsed.name)) return undefined;
  const port = parsed.port === '' ? '' : `:${parsed.port}`;
  return `${doors.tls ? 'https' : 'http'}://localhost${port}${path}`;
}

interface HostHeader {
  name: string;
  port: string;
}

function parseHost(header: string | undefined): HostHeader | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(header ?? '');
  return match?.[1] ? { name: match[1].toLowerCase(), port: match[2] ?? '' } : undefined;
}

// A loopback name passes with any port: `ssh -L 5000:localhost:4317` is a way in that we name.
function isKnownHost(host: HostHeader, doors: Doors): boolean {
  if (loopbackNames.has(host.name)) return true;
  return doors.publicUrl !== undefined && host.name === doors.publicUrl.hostname.toLowerCase();
}

function isAddress({ name }: HostHeader, localAddress: string | undefined): boolean {
  const address = localAddress?.replace(/^::ffff:(?=[0-9.]+$)/, '').toLowerCase();
  return address !== undefined && (name === address || name === `[${address}]`);
}

function isKnownOrigin(origin: string, host: HostHeader, doors: Doors): boolean {
  const scheme = doors.tls ? 'https' : 'http';
  const port = host.port === '' ? '' : `:${host.port}`;
  return (
    origin === `${scheme}://${host.name}${port}` ||
    origin === `${scheme}://localhost:${doors.port}` ||
    origin === doors.publicUrl?.origin ||
    doors.allowOrigins.includes(origin)
  );
}

function printable(text: string | undefined): string {
  return (text ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
