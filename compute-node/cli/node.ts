/** `dendro node pair`, `answer` and `free`: what the user of this machine asks of the running node. */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { TaggedError } from '#lib/model/errors.ts';
import { defaultDataFolder } from '../config.ts';
import { answerAtRunningNode, askRunningNode, freeAtRunningNode } from '../node/admin-socket.ts';
import { exitCode, UsageError } from './exit.ts';
import { linkLines } from './link-lines.ts';

export async function node(args: string[]): Promise<number> {
  const { values, positionals } = parseFlags(args);
  const [action, text, ...more] = positionals;
  const known = action === 'answer' || ((action === 'pair' || action === 'free') && text === undefined);
  if (!known || more.length > 0)
    throw new UsageError('Say what to do: node pair, node answer, or node free.');
  const dataFolder = resolve(values.data ?? defaultDataFolder());
  const printed =
    action === 'pair'
      ? await pairingLink(dataFolder)
      : action === 'free'
        ? await freedSpace(dataFolder)
        : await answerAtRunningNode(dataFolder, text ?? (await readInput()));
  if (printed === undefined)
    throw new TaggedError('node-not-running', `No node runs on ${dataFolder}. Start it with "npm start".`, {
      dataFolder
    });
  process.stdout.write(`${printed}\n`);
  return exitCode.done;
}

async function pairingLink(dataFolder: string): Promise<string | undefined> {
  const running = await askRunningNode(dataFolder);
  return running && linkLines(running.link, process.stdout.columns);
}

async function freedSpace(dataFolder: string): Promise<string | undefined> {
  const freed = await freeAtRunningNode(dataFolder);
  if (!freed) return undefined;
  if (freed.files === 0) return 'Nothing to free: no deleted file or job takes space here.';
  return `Freed ${megabytes.format(freed.bytes / 1e6)}: ${freed.files} ${freed.files === 1 ? 'file' : 'files'} of what was deleted.`;
}

const megabytes = new Intl.NumberFormat('en', {
  style: 'unit',
  unit: 'megabyte',
  maximumSignificantDigits: 3
});

/** What is piped in, or pasted and ended by an empty line. */
async function readInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Paste the offer, then an empty line:\n');
  const lines: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === '' && lines.length > 0) break;
    lines.push(line);
  }
  return lines.join('');
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({ args, options: { data: { type: 'string' } }, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}
