/**
 * Runs a job in a process of its own, with as few rights as it needs: a crash or a lack of memory ends the job and not
 * the node, and cancelling ends the whole process group. The process ends by itself when the node does.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { maxConsoleLineChars } from '#lib/compute/protocol.ts';
import { TaggedError, fromErrorRecord, toErrorRecord } from '#lib/model/errors.ts';
import { writeFileWhole } from '../platform/file-source.ts';
import { nodeUnitClassifier } from '../platform/unit-classifier.ts';
import {
  ProcessMessage,
  type ProcessAnswer,
  type Executor,
  type JobOrder,
  type JobResult,
  type RunListeners
} from './executor.ts';

const fromSource = import.meta.url.endsWith('.ts');
/** The source runs as it is; the package's bundle has the job's program beside it (scripts/bundle-node.js). */
const programPath = fileURLToPath(
  new URL(fromSource ? './job-process.ts' : './job-process.js', import.meta.url)
);
/** Below this lies all code that a job's process loads. */
const codeFolder = fileURLToPath(new URL(fromSource ? '../../' : '../', import.meta.url));

/** Passed on to jobs; everything else of the node's environment stays with the node. */
const environmentNames = ['PATH', 'LANG', 'TZ', 'HOME'];

/** Of 19: about a quarter of the processor's time where others want all of it. */
const jobNiceness = 5;

export const processExecutor: Executor = {
  async run(order, listeners, signal) {
    signal.throwIfAborted();
    await mkdir(order.folder, { recursive: true, mode: 0o700 });
    const orderPath = `${order.folder}/order.json`;
    await writeFileWhole(orderPath, new TextEncoder().encode(JSON.stringify(order)), 0o600);
    const child = startProcess(order, orderPath);
    const end = () => endGroup(child);
    signal.addEventListener('abort', end, { once: true });
    try {
      if (child.pid !== undefined) {
        letOthersGoFirst(child.pid);
        listeners.onProcess({ pid: child.pid, startTicks: startTicksOf(child.pid) ?? '' });
      }
      return await outcomeOf(child, listeners, signal);
    } finally {
      signal.removeEventListener('abort', end);
      endGroup(child);
    }
  }
};

/**
 * Pieces of memory of this size and more go back to the system when they are freed; otherwise glibc keeps freed traces of
 * many MB for itself once it has seen some.
 */
export const memoryEnvironment = { MALLOC_MMAP_THRESHOLD_: '262144' };

function startProcess(order: JobOrder, orderPath: string): ChildProcess {
  const readable = [codeFolder, order.folder, ...order.inputs.map(({ path }) => path)];
  return spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=SecurityWarning',
      '--permission',
      '--allow-worker',
      ...readable.map((path) => `--allow-fs-read=${path}`),
      `--allow-fs-write=${order.folder}`,
      programPath,
      orderPath
    ],
    {
      cwd: order.folder,
      // A group of its own, so that whatever it starts can be ended with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...Object.fromEntries(
          environmentNames.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))
        ),
        TMPDIR: order.folder,
        ...memoryEnvironment
      }
    }
  );
}

/** A job runs with what the machine's user, and the node that answers members, leave over. */
function letOthersGoFirst(pid: number): void {
  try {
    setPriority(pid, jobNiceness);
    // Linux shares time out between sessions first, and the job is one of its own: sched(7), the autogroup feature.
    writeFileSync(`/proc/${pid}/autogroup`, String(jobNiceness));
  } catch {
    // The job runs all the same: it has ended already, or this system knows no such thing.
  }
}

async function outcomeOf(
  child: ChildProcess,
  listeners: RunListeners,
  signal: AbortSignal
): Promise<JobResult> {
  let last: Exclude<ProcessMessage, { type: 'classify' }> | undefined;
  const errorTail: string[] = [];
  child.on('message', (message: unknown) => {
    const parsed = v.safeParse(ProcessMessage, message);
    if (!parsed.success) return;
    if (parsed.output.type === 'progress') listeners.onProgress(parsed.output);
    else if (parsed.output.type === 'classify') void answerClasses(child, parsed.output);
    else last = parsed.output;
  });
  readLines(child.stdout, (lines) => listeners.onConsole(lines));
  readLines(child.stderr, (lines) => {
    errorTail.push(...lines);
    errorTail.splice(0, errorTail.length - 20);
    listeners.onConsole(lines);
  });
  const [code, endSignal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  signal.throwIfAborted();
  if (last?.type === 'done' && code === 0) return last.result;
  if (last?.type === 'failed') throw fromErrorRecord(last.error);
  throw crashed(code, endSignal, errorTail);
}

/**
 * The node classifies for the job: onnxruntime is native code, and a process that may load such code is bound by no
 * permission. Only numbers come from it, and only numbers go back.
 */
async function answerClasses(
  child: ChildProcess,
  { features, unitCount }: Extract<ProcessMessage, { type: 'classify' }>
): Promise<void> {
  const answer = await classify(
    Float32Array.from(features, (value) => value ?? NaN),
    unitCount
  );
  if (child.connected) child.send(answer, () => {});
}

async function classify(features: Float32Array, unitCount: number): Promise<ProcessAnswer> {
  try {
    const classifier = await nodeUnitClassifier();
    const classes = await classifier.classify(features, unitCount);
    return {
      type: 'classes',
      classes: classes.map(({ label, probabilities }) => ({ label, probabilities: [...probabilities] }))
    };
  } catch (error) {
    return { type: 'unclassified', error: toErrorRecord(error) };
  }
}

function crashed(code: number | null, signal: NodeJS.Signals | null, errorTail: string[]): TaggedError {
  const memory = errorTail.some((line) => /out of memory|Array buffer allocation failed/i.test(line));
  if (memory || signal === 'SIGKILL')
    return new TaggedError(
      'job-out-of-memory',
      'The job was ended, most likely for want of memory: give it fewer workers, or a machine with more memory.'
    );
  const said = errorTail.findLast((line) => line.trim() !== '') ?? '';
  return new TaggedError(
    'job-crashed',
    `The job's process ended unexpectedly (${signal ?? `code ${code}`}). ${said.slice(0, 500)}`.trim()
  );
}

/** Hands on lines as they come, those of one piece together, each capped. */
function readLines(stream: Readable | null, onLines: (lines: string[]) => void): void {
  if (!stream) return;
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) =>
    onLines([line.slice(0, maxConsoleLineChars)])
  );
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

/** When a process started, in clock ticks since boot; undefined when there is none. */
export function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; field 22 of the whole is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Ends what a killed node left running: only a process that is certainly the one that it started. */
export function endStray(stray: { pid: number; startTicks: string }): void {
  if (stray.startTicks === '' || startTicksOf(stray.pid) !== stray.startTicks) return;
  try {
    process.kill(-stray.pid, 'SIGKILL');
  } catch {
    // It ended between the two looks.
  }
}
