/** The command line's front door: picks a command and turns its outcome into an exit code. */
import { errorLines, exitCode, exitCodeOf, UsageError } from './cli/exit.ts';
import { helpPage } from './cli/help.ts';
import { version } from './version.ts';

type Command = (args: string[]) => Promise<number>;

/** Loaded on demand, so that a short command does not wait for what it does not use. */
const commands: Record<string, () => Promise<Command>> = {
  sort: async () => (await import('./cli/sort.ts')).runSort,
  score: async () => (await import('./cli/score.ts')).score,
  serve: async () => (await import('./cli/serve.ts')).serve,
  node: async () => (await import('./cli/node.ts')).node,
  signal: async () => (await import('./cli/signal.ts')).signal
};

async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return printHelp(rest[0]);
  if (name === '--version') {
    process.stdout.write(`${version}\n`);
    return exitCode.done;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) throw new UsageError(`There is no command "${name}".`);
  if (rest.includes('--help') || rest.includes('-h')) return printHelp(name);
  return (await load())(rest);
}

function printHelp(command?: string): number {
  const page = helpPage(command);
  if (page === undefined) throw new UsageError(`There is no command "${String(command)}".`);
  process.stdout.write(page);
  return exitCode.done;
}

const args = process.argv.slice(2);
try {
  process.exitCode = await main(args);
} catch (error) {
  const [command = ''] = args;
  const lines = errorLines(error, {
    command: helpPage(command) === undefined ? '' : command,
    verbose: args.includes('--verbose')
  });
  process.stderr.write(`${lines.map((line) => line.trimEnd()).join('\n')}\n`);
  process.exitCode = exitCodeOf(error);
}
