// Runs our engine and other sorters, each in a process of its own: with one thread, and once cold with all processors.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import * as v from 'valibot';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { run, type SetFiles } from './sets.ts';

export const ours = 'Dendro';
export const allPeers = ['tridesclous2', 'lupin', 'spykingcircus2', 'mountainsort5'];
/** Made for a graphics processor: without one it takes many times as long as the others, so only where it is named. */
export const slowPeers = ['kilosort4'];

const PeerAnswer = v.union([
  v.object({ failure: v.string() }),
  v.object({
    trains: v.array(v.array(v.number())),
    cpuSeconds: v.number(),
    seconds: v.number(),
    peakMemoryBytes: v.number()
  })
]);

interface PeerOptions {
  /** Path of the Python that has SpikeInterface. */
  python: string;
  peer: string;
  /** A recording that is sorted first, so that the sorter's code is compiled; without it the run is cold. */
  warm?: SetFiles;
  motion?: boolean;
  /** Processes that it may use. */
  jobs?: number;
}

export interface Sorted {
  /** Spike samples, one array a unit. */
  trains: number[][];
  cpuSeconds: number;
  /** Wall time: ours from the command to the written file, the others' from the first read. */
  seconds: number;
  peakMemoryBytes: number;
}

/** As a user runs it: from the command to the written file, nothing warm, with one worker. */
export async function sortOurs({ stem, description }: SetFiles, workers = 1): Promise<Sorted> {
  const { samplingRateHz, channelCount, gainUv, contacts } = description;
  const [probe, out] = [`${stem}.probe.json`, `${stem}.nwb`];
  writeFileSync(probe, JSON.stringify(probeinterface(contacts)));
  const layout = ['--sampling-rate', samplingRateHz, '--channels', channelCount, '--gain-uv', gainUv];
  const files = [`${stem}.raw`, '-o', out, '--probe', probe];
  const began = performance.now();
  const options = [...layout, '--workers', workers].map(String);
  const told: unknown = JSON.parse(
    run(process.execPath, ['bin/dendro.js', 'sort', ...files, ...options, '--json'])
  );
  const seconds = (performance.now() - began) / 1000;
  const costs = v.parse(v.object({ cpuSeconds: v.number(), peakMemoryBytes: v.number() }), told);
  const trains = await readTrains(out, samplingRateHz);
  for (const path of [probe, out]) rmSync(path);
  return { ...costs, seconds, trains };
}

/** One recording after the other. @returns one a recording: its sorting, or what went wrong */
export async function sortAllOurs(sets: readonly SetFiles[]): Promise<(Sorted | Error)[]> {
  const found = [];
  for (const set of sets)
    found.push(
      await sortOurs(set).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error))
      )
    );
  return found;
}

export interface ColdTimes {
  /** Wall time from the command to the written file in a process that has done nothing yet. */
  coldSeconds: number;
  /** Of these, what the interpreter, the imports and the writing of the answer took. */
  aroundSeconds?: number;
}

/** Our first run in a process, on all processors. */
export async function timeOursCold(set: SetFiles): Promise<ColdTimes> {
  return { coldSeconds: (await sortOurs(set, availableParallelism())).seconds };
}

/** A peer's first run in a process, on all processors. @throws Error with what the sorter complained about */
export function timePeerCold(set: SetFiles, options: Pick<PeerOptions, 'python' | 'peer'>): ColdTimes {
  const began = performance.now();
  const [sorted = new Error('no answer')] = sortPeerOnAll([set], {
    ...options,
    jobs: availableParallelism()
  });
  const coldSeconds = (performance.now() - began) / 1000;
  if (sorted instanceof Error) throw sorted;
  return { coldSeconds, aroundSeconds: coldSeconds - sorted.seconds };
}

/**
 * Several recordings in one process, which compiles once. @returns one a recording: its sorting, or what the sorter
 * complained about
 */
export function sortPeerOnAll(
  sets: readonly SetFiles[],
  { python, peer, warm, motion = false, jobs = 1 }: PeerOptions
): (Sorted | Error)[] {
  const outs = sets.map(({ stem }) => `${stem}.peer.json`);
  const files = ['--set', ...sets.map(({ stem }) => stem), '--out', ...outs];
  const options = [...(warm ? ['--warm', warm.stem] : []), ...(motion ? ['--motion'] : [])];
  const command = ['bench/run-peer.py', '--sorter', peer, '--jobs', String(jobs)];
  run(python, [...command, ...files, ...options]);
  return outs.map((out) => {
    const answer = v.parse(PeerAnswer, JSON.parse(readFileSync(out, 'utf8')));
    rmSync(out);
    return 'failure' in answer ? new Error(answer.failure) : answer;
  });
}

function probeinterface(contacts: SetFiles['description']['contacts']) {
  const probe = {
    ...{ ndim: 2, si_units: 'um' },
    contact_positions: contacts.map(({ x, y }) => [x, y]),
    device_channel_indices: contacts.map((_, channel) => channel)
  };
  return { specification: 'probeinterface', version: '0.2', probes: [probe] };
}

async function readTrains(path: string, samplingRateHz: number): Promise<number[][]> {
  const nwb = await openNwb(memorySource(new Uint8Array(readFileSync(path))));
  try {
    return (nwb.readUnitTimes()?.times ?? []).map((times) =>
      Array.from(times, (time) => Math.round(time * samplingRateHz))
    );
  } finally {
    nwb.close();
  }
}
