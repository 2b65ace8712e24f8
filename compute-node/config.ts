/** The flags of `dendro serve`, checked once, and where the node keeps its data. */
import { mkdirSync, statSync } from 'node:fs';
import { availableParallelism, homedir, hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { TaggedError } from '#lib/model/errors.ts';
import { PersonId } from '#lib/model/ids.ts';
import { UsageError } from './cli/exit.ts';

export const defaultPort = 4317;

/** A folder that peers may name files in: by this name and a relative path, never by an absolute one. */
export interface ShareFolder {
  name: string;
  /** Absolute path on this machine; never sent to a peer. */
  folder: string;
}

export interface ServeConfig {
  port: number;
  /** Address to bind; loopback unless TLS files or `--host` say otherwise. */
  host: string;
  tls?: { certFile: string; keyFile: string };
  /** Where browsers reach this node when a proxy stands before it. */
  publicUrl?: URL;
  shares: ShareFolder[];
  dataFolder: string;
  /** People whose projects are accepted besides the owners'. */
  allow: PersonId[];
  /** Further web origins whose pages may talk to this node. */
  allowOrigins: string[];
  workers: number;
  /** Whether a first start makes the demonstration project. */
  demonstration: boolean;
  /** How the node is called in projects. */
  name: string;
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
  'no-demo': { type: 'boolean' }
} as const;

/** @throws UsageError with a sentence that says what to change. */
export function parseServeConfig(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env
): ServeConfig {
  const values = parseFlags(args);
  const tls = tlsFiles(values['tls-cert'], values['tls-key']);
  return {
    port: wholeNumber('--port', values.port ?? String(defaultPort), 0, 65535),
    host: values.host ?? (tls ? '::' : '127.0.0.1'),
    ...(tls && { tls }),
    ...(values['public-url'] !== undefined && {
      publicUrl: webAddress('--public-url', values['public-url'])
    }),
    shares: shareFolders(values.share ?? []),
    dataFolder: resolve(values.data ?? defaultDataFolder(environment)),
    allow: (values.allow ?? []).map(personId),
    allowOrigins: (values['allow-origin'] ?? []).map((text) => webAddress('--allow-origin', text).origin),
    workers: wholeNumber('--workers', values.workers ?? String(availableParallelism()), 1, 1024),
    demonstration: values['no-demo'] !== true,
    name: nodeName(values.name ?? hostname())
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

/** @throws UsageError when only one is given, or a file is missing */
export function tlsFiles(certFile: string | undefined, keyFile: string | undefined) {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw wrongUsage('--tls-cert and --tls-key belong together: give both.');
  for (const file of [certFile, keyFile])
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw wrongUsage(`There is no file ${file}.`);
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
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

function personId(text: string): PersonId {
  const parsed = v.safeParse(PersonId, text);
  if (!parsed.success)
    throw wrongUsage(
      `--allow takes a person's id (32 hex digits, shown in the app's settings), not "${text}".`
    );
  return parsed.output;
}

function nodeName(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > 64) throw wrongUsage('--name takes 1 to 64 characters.');
  return name;
}
