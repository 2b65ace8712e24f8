/** Under which addresses a node is found: in the browser's address bar, and by whoever has one of its links. */
import { networkInterfaces } from 'node:os';
import { type ServeConfig } from '../config.ts';

type Listening = Pick<ServeConfig, 'host' | 'tls' | 'publicUrl'>;

const loopbackHosts = new Set(['127.0.0.1', '::1', 'localhost']);
const wildcardHosts = new Set(['0.0.0.0', '::']);
/** As many as a link holds, besides the app's own. */
const mostAddresses = 7;

/** The app's address in the browser; its data belongs to it. */
export function appOrigin({ tls, publicUrl }: Listening, port: number): string {
  return publicUrl?.origin ?? `${tls ? 'https' : 'http'}://localhost:${port}`;
}

/** Whether the node takes connections to 127.0.0.1 without TLS, as its own signalling client makes them. */
export function servesPlainLoopback({ host, tls }: Listening): boolean {
  return !tls && (host === '127.0.0.1' || wildcardHosts.has(host));
}

/** Signalling addresses for links: the app's own, and on a plain network those of this machine. */
export function signallingAddresses(
  listening: Listening,
  port: number,
  interfaces: () => string[] = networkAddresses
): string[] {
  const own = appOrigin(listening, port);
  const { host, tls, publicUrl } = listening;
  const plain = !tls && !publicUrl && !loopbackHosts.has(host);
  const others = plain ? (wildcardHosts.has(host) ? interfaces() : [host]) : [];
  const origins = others.slice(0, mostAddresses).map((address) => `http://${inUrl(address)}:${port}`);
  return [own, ...origins].map((origin) => `${origin.replace(/^http/, 'ws')}/signal`);
}

/**
 * Addresses of a signalling server by itself: every one under which this machine is reached there, and with TLS those
 * that the certificate is good for.
 */
export function reachedAt({ host, tls }: Pick<ServeConfig, 'host' | 'tls'>, port: number): string[] {
  if (tls && tls.names.length > 0) return tls.names.map((name) => `wss://${name}:${port}/signal`);
  const hosts = wildcardHosts.has(host) ? ['localhost', ...networkAddresses()] : [host];
  return hosts.map((name) => `${tls ? 'wss' : 'ws'}://${inUrl(name)}:${port}/signal`);
}

function networkAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(({ address }) => address);
}

function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
