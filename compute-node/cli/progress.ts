/** Progress of a long command on stderr: a bar on a terminal, plain lines (one every tenth) elsewhere. */
import { type StageProgress } from '#lib/model/engine.ts';

const barWidth = 24;

export interface ProgressReporter {
  update(progress: StageProgress): void;
  /** Removes the bar, so that what follows starts on a clean line. */
  finish(): void;
}

/** The part of a stream that a reporter needs; process.stderr is one. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export function progressReporter(stream: ProgressStream): ProgressReporter {
  return stream.isTTY ? terminalBar(stream) : plainLines(stream);
}

function terminalBar(stream: ProgressStream): ProgressReporter {
  let shown = '';
  return {
    update({ stage, overall }) {
      const filled = Math.round(overall * barWidth);
      const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
      const line = `${bar} ${percent(overall)} ${stage}`.slice(0, Math.max(20, (stream.columns ?? 80) - 1));
      if (line === shown) return;
      shown = line;
      stream.write(`\r\u001b[2K${line}`);
    },
    finish() {
      if (shown) stream.write('\r\u001b[2K');
      shown = '';
    }
  };
}

function plainLines(stream: ProgressStream): ProgressReporter {
  let stage = '';
  let tenth = -1;
  return {
    update(progress) {
      const reached = Math.floor(progress.overall * 10);
      if (progress.stage === stage && reached <= tenth) return;
      stage = progress.stage;
      tenth = reached;
      stream.write(`${percent(progress.overall)} ${stage}\n`);
    },
    finish() {
      // Plain lines stand as they are.
    }
  };
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)
    .toString()
    .padStart(3)} %`;
}
