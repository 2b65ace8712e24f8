/** `dendro signal`: a signalling server of the lab's own, so that members in different networks find each other. */
import { once } from 'node:events';
import { type IncomingMessage } from 'node:http';
import { parseArgs } from 'node:util';
import { TaggedError } from '#lib/model/errors.ts';
import { type ServeConfig, tlsFiles, webAddress, wholeNumber } from '../config.ts';
import { reachedAt } from '../node/addresses.ts';
import { type Refusal } from '../server/doors.ts';
import { startHttpServer } from '../server/http-server.ts';
import { SignallingServer } from '../server/signalling.ts';
import { exitCode, UsageError } from './exit.ts';

type SignalConfig = Pick<ServeConfig, 'port' | 'host' | 'tls' | 'allowOrigins'>;

const defaultSignalPort = 4318;
const loopbackHosts = new Set(['127.0.0.1', '::1', 'localhost']);
const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'allow-origin': { type: 'string', multiple: true }
} as const;

export async function signal(args: string[]): Promise<number> {
  const config = parseSignalConfig(args);
  // The door has been passed when an upgrade gets here.
  const signalling = new SignallingServer({ admits: () => true });
  const server = await startHttpServer({
    ...config,
    refuses: (request) => refuseForeign(request, config.allowOrigins),
    site: (_request, response) => {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(
        'A signalling server of Dendro, for members of projects to find each other. There is no page here.\n'
      );
    },
    upgrades: { '/signal': (request, socket, head) => signalling.handleUpgrade(request, socket, head) }
  }).catch((error: unknown) => {
    signalling.close();
    throw inOwnWords(error, config);
  });
  process.stdout.write(`${greeting(config, server.port).join('\n')}\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  signalling.close();
  await server.close();
  return exitCode.done;
}

/** @throws UsageError */
function parseSignalConfig(args: string[]): SignalConfig {
  const values = parseFlags(args);
  const tls = tlsFiles(values['tls-cert'], values['tls-key']);
  return {
    port: wholeNumber('--port', values.port ?? String(defaultSignalPort), 0, 65535),
    host: values.host ?? (tls ? '::' : '127.0.0.1'),
    ...(tls && { tls }),
    allowOrigins: (values['allow-origin'] ?? []).map((text) => webAddress('--allow-origin', text).origin)
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

/**
 * Held against the Origin alone: a name that was rebound to this address does not change the page's, and a lab may give
 * the server any name. Programs that are no browsers send none.
 */
function refuseForeign(
  { headers: { origin } }: IncomingMessage,
  allowed: readonly string[]
): Refusal | undefined {
  if (origin === undefined || allowed.includes(origin)) return undefined;
  if (URL.canParse(origin) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(origin).hostname))
    return undefined;
  return {
    status: 403,
    message:
      'Pages of this address may not use this signalling server. Whoever runs it can allow them with --allow-origin.'
  };
}

function greeting(config: SignalConfig, port: number): string[] {
  const lines = ['Signalling at', ...reachedAt(config, port).map((address) => `  ${address}`)];
  if (loopbackHosts.has(config.host))
    lines.push('Only this machine reaches it. For others give --host 0.0.0.0, or --tls-cert and --tls-key.');
  else if (!config.tls)
    lines.push(
      'An app opened by HTTPS cannot use it without --tls-cert and --tls-key; one at localhost can.'
    );
  return lines;
}

function inOwnWords(error: unknown, { port, host }: SignalConfig): unknown {
  if (!(error instanceof TaggedError)) return error;
  const what =
    error.tag === 'port-taken'
      ? `Port ${port} is taken by another program.`
      : `${host}, port ${port}, cannot be listened on.`;
  return new TaggedError(error.tag, `${what} Choose another with --port or --host.`, error.details, {
    cause: error
  });
}
