/** `dendro node pair`: asks the running node for a new pairing link. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TaggedError } from '#lib/model/errors.ts';
import { defaultDataFolder } from '../config.ts';
import { askRunningNode } from '../node/admin-socket.ts';
import { exitCode, UsageError } from './exit.ts';

export async function node(args: string[]): Promise<number> {
  const { values, positionals } = parseFlags(args);
  if (positionals.length !== 1 || positionals[0] !== 'pair')
    throw new UsageError('Say what to do: node pair.');
  const dataFolder = resolve(values.data ?? defaultDataFolder());
  const running = await askRunningNode(dataFolder);
  if (!running)
    throw new TaggedError('node-not-running', `No node runs on ${dataFolder}. Start it with "npm start".`, {
      dataFolder
    });
  process.stdout.write(`${running.link}\n`);
  return exitCode.done;
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({ args, options: { data: { type: 'string' } }, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}
