/** How a command ends: exit codes, and the few lines on stderr that name the problem and the remedy. */
import { describeError, isDescribed } from '#lib/model/error-text.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';

export const exitCode = { done: 0, usage: 2, inputRefused: 3, failed: 4, interrupted: 130 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The command line itself is wrong; nothing was read or written. */
export class UsageError extends TaggedError {
  constructor(message: string) {
    super('usage', message);
  }
}

/** The input cannot be used, as found while opening it. */
export class InputRefused extends TaggedError {
  constructor(cause: unknown) {
    const { tag, message, details } = toErrorRecord(cause);
    super(tag, message, details, { cause });
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCode.usage;
  if (error instanceof TaggedError && error.tag === 'parameter-invalid') return exitCode.usage;
  if (error instanceof InputRefused) return exitCode.inputRefused;
  if (toErrorRecord(error).tag === 'aborted') return exitCode.interrupted;
  return exitCode.failed;
}

/**
 * Lines for stderr: the problem, then the remedy; never a stack trace unless verbose.
 * @param options.command the subcommand whose help is named after a usage error
 */
export function errorLines(error: unknown, options: { command: string; verbose: boolean }): string[] {
  const record = toErrorRecord(error);
  const stack = options.verbose && error instanceof Error ? stackLines(error) : [];
  if (error instanceof UsageError)
    return [`dendro: ${record.message}`, `See: npx dendro help ${options.command}`, ...stack];
  if (record.tag === 'parameter-invalid')
    return [`dendro: ${record.message}`, `See: npx dendro help ${options.command}`, ...stack];
  const { what, remedy } = describeError(record);
  const hint =
    record.tag === 'unexpected' && !options.verbose ? ['Run again with --verbose for details.'] : [];
  // Other failures say the remedy in their own message.
  const remedies = isDescribed(record.tag) ? [remedy] : [];
  return [`dendro: ${what}`, ...remedies, ...hint, ...stack];
}

function stackLines(error: Error): string[] {
  const own = (error.stack ?? error.message).split('\n');
  return error.cause instanceof Error ? [...own, 'caused by:', ...stackLines(error.cause)] : own;
}
