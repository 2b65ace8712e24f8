/** Generates the demonstration on a thread of its own: the node's own thread pairs browsers and serves pages meanwhile. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { generateRecording, int16Chunks } from '#lib/simulation/recording.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';

const port = parentPort;
if (!port) throw new Error('This is a worker thread; it is started by the node.');

letOthersGoFirst();
const chunks = int16Chunks(generateRecording(demonstrationSpec), {
  chunkSamples: demonstrationSpec.samplingRateHz
});
// One chunk for each message; the thread ends after the last.
port.on('message', () => {
  const { value } = chunks.next();
  if (value) port.postMessage(value, [value.buffer]);
  else port.close();
});

/** Linux gives each thread a niceness of its own; the page that opens meanwhile is waited for, this is not. */
function letOthersGoFirst(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), 19);
  } catch {
    // This system knows no such thing.
  }
}
