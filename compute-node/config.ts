/** The flags of `dendro serve`, checked once, and where the node keeps its data. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, homedir, hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { TaggedError } from '#lib/model/errors.ts';
import { DeviceId } from '#lib/model/ids.ts';
import { directOnly, type IceSettings, parseIceSettings } from '#lib/peer/ice-settings.ts';
import { UsageError } from './cli/exit.ts';
import { readTlsFiles, type TlsCertificate } from './platform/tls-files.ts';

export const defaultPort = 4317;

/** A folder that peers may name files in: by this name and a relative path, never by an absolute one. */
export interface ShareFolder {
  name: string;
  /** Absolute path on this machine; never sent to a peer. */
  folder: string;
}

export interface TlsFiles extends TlsCertificate {
  certFile: string;
  keyFile: string;
}

export interface ServeConfig {
  port: number;
  /** Address to bind; loopback unless TLS files or `--host` say otherwise. */
  host: string;
  tls?: TlsFiles;
  /** Where browsers reach this node: before it stands a proxy, or its certificate is good for that name. */
  publicUrl?: URL;
  shares: ShareFolder[];
  dataFolder: string;
  /** Devices whose projects are accepted besides the owners': by their keys, since anybody may call themselves anything. */
  allow: DeviceId[];
  /** Further web origins whose pages may talk to this node. */
  allowOrigins: string[];
  workers: number;
  /** Whether a first start makes the demonstration project. */
  demonstration: boolean;
  /** How the node is called in projects. */
  name: string;
  /** STUN and TURN servers of the lab's own. */
  ice: IceSettings;
}

const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'public-url': { type: 'string' },
  share: { type: 'string', multiple: true },
  data: { type: 'string' },
  allow: { type: 'string', multiple: true },
  'allow-origin': { type: 'string', multiple: true },
  workers: { type: 'string' },
  name: { type: 'string' },
  'ice-servers': { type: 'string' },
  'no-demo': { type: 'boolean' }
} as const;

/** @throws UsageError with a sentence that says what to change. */
export function parseServeConfig(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env
): ServeConfig {
  const values = parseFlags(args);
  const tls = tlsFiles(values['tls-cert'], values['tls-key']);
  const port = wholeNumber('--port', values.port ?? String(defaultPort), 0, 65535);
  const publicUrl =
    values['public-url'] === undefined
      ? addressOfCertificate(tls, port)
      : webAddress('--public-url', values['public-url']);
  return {
    port,
    host: values.host ?? (tls ? '::' : '127.0.0.1'),
    ...(tls && { tls }),
    ...(publicUrl && { publicUrl }),
    shares: shareFolders(values.share ?? []),
    dataFolder: resolve(values.data ?? defaultDataFolder(environment)),
    allow: (values.allow ?? []).map(deviceId),
    allowOrigins: (values['allow-origin'] ?? []).map((text) => webAddress('--allow-origin', text).origin),
    workers: wholeNumber('--workers', values.workers ?? String(availableParallelism()), 1, 1024),
    demonstration: values['no-demo'] !== true,
    name: nodeName(values.name ?? hostname()),
    ice: iceSettings(values['ice-servers'])
  };
}

/** The data folder when `--data` does not name one. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_DATA_HOME'];
  return base?.startsWith('/') ? join(base, 'dendro') : join(homedir(), '.local', 'share', 'dendro');
}

/**
 * Makes the data folder readable by its owner alone.
 * @throws TaggedError `data-folder` when it cannot be made or others could read the keys in it.
 */
export function prepareDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { mode, uid } = statSync(folder);
    if (process.getuid && uid !== process.getuid())
      throw new TaggedError('data-folder', `${folder} belongs to another user: choose another with --data.`);
    if ((mode & 0o077) !== 0)
      throw new TaggedError(
        'data-folder',
        `${folder} can be read by other users, and keys are kept in it: run "chmod 700 ${folder}".`
      );
  } catch (error) {
    if (error instanceof TaggedError) throw error;
    throw new TaggedError(
      'data-folder',
      `The data folder ${folder} cannot be used: choose another with --data.`,
      {},
      { cause: error }
    );
  }
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw wrongUsage(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function wrongUsage(message: string): UsageError {
  return new UsageError(message);
}

/** @throws UsageError */
export function wholeNumber(flag: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < minimum || value > maximum)
    throw wrongUsage(`${flag} takes a whole number from ${minimum} to ${maximum}, not "${text}".`);
  return value;
}

/** An origin: scheme, host and port. @throws UsageError */
export function webAddress(flag: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== '/' ||
    url.search ||
    url.hash ||
    url.username
  )
    throw wrongUsage(
      `${flag} takes an address such as https://sorting.example.org, without a path, not "${text}".`
    );
  return url;
}

/** @throws UsageError when only one is given, or the two cannot be used together */
export function tlsFiles(certFile: string | undefined, keyFile: string | undefined): TlsFiles | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw wrongUsage('--tls-cert and --tls-key belong together: give both.');
  try {
    return {
      certFile: resolve(certFile),
      keyFile: resolve(keyFile),
      ...readTlsFiles(certFile, keyFile)
    };
  } catch (error) {
    throw wrongUsage(error instanceof Error ? error.message : String(error));
  }
}

/** The first name that others can open the app by; a certificate for this machine alone names none. */
function addressOfCertificate(tls: TlsFiles | undefined, port: number): URL | undefined {
  const name = tls?.names.find((known) => !isLoopbackName(known));
  return name === undefined || port === 0 ? undefined : new URL(`https://${name}:${port}`);
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127\./.test(name);
}

function shareFolders(texts: readonly string[]): ShareFolder[] {
  const shares = texts.map((text) => {
    const named = /^([^/=]+)=(.+)$/.exec(text);
    const folder = resolve(named?.[2] ?? text);
    const name = named?.[1] ?? basename(folder);
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw wrongUsage(`--share takes an existing folder; there is none at ${folder}.`);
    if (name === '' || name.length > 128)
      throw wrongUsage(`Give the shared folder a name: --share NAME=${folder}.`);
    return { name, folder };
  });
  const names = shares.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw wrongUsage(`Two shared folders are called "${twice}": name one with --share NAME=DIR.`);
  return shares;
}

function deviceId(text: string): DeviceId {
  const parsed = v.safeParse(DeviceId, text);
  if (!parsed.success)
    throw wrongUsage(
      `--allow takes a device's key (64 hex digits, shown on its page "You and this device"), not "${text}".`
    );
  return parsed.output;
}

/** A file, not a flag: other users of a machine read the command lines of its processes. */
function iceSettings(file: string | undefined): IceSettings {
  if (file === undefined) return directOnly;
  try {
    const settings = parseIceSettings(JSON.parse(readFileSync(file, 'utf8')));
    // libjuice sends its checks from the machine's own addresses whatever the policy says.
    if (settings.relayOnly)
      throw new Error('a node cannot keep to a relay: leave "relayOnly" out, and set it in the app.');
    return settings;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw wrongUsage(`The file of --ice-servers, ${file}, cannot be used: ${why}`);
  }
}

function nodeName(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > 64) throw wrongUsage('--name takes 1 to 64 characters.');
  return name;
}
