/** What can be run, and where; and the job that is asked for by a filled-in form. */
import { toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type DeviceId, FileId } from '#lib/model/ids.ts';
import { type JobDefinition, type ProcessorSpec } from '#lib/model/processor.ts';
import { type FileState, type ProjectState } from '#lib/project/project-state.ts';
import { engineProcessor } from '#lib/sorting/parameters.ts';
import * as v from 'valibot';
import { type JobForm } from './job-form.svelte.ts';
import { terminalEvent } from './job-view.ts';
import { type NodeBook } from './nodes.svelte.ts';

/** Something that can be run somewhere. */
export interface JobOffer {
  key: string;
  label: string;
  processor: ProcessorSpec;
  /** Undefined while no node is known: the job then waits for the first one. */
  device: DeviceId | undefined;
  nodeName: string | undefined;
  reachable: boolean;
  hasShares: boolean;
}

/** Processors of the project's nodes, then of other paired ones; without any, the built-in one for the first node. */
export function jobOffers(state: ProjectState, nodes: NodeBook): JobOffer[] {
  const members = state.members.filter(({ role }) => role === 'compute');
  const devices = new Set([
    ...members.flatMap(({ devices: own }) => own.map(({ device }) => device)),
    ...nodes.all.map(({ device }) => device)
  ]);
  const offers = [...devices].flatMap((device) => {
    const member = members.find(({ devices: own }) => own.some((known) => known.device === device));
    const nodeName = nodes.nameOf(device) ?? member?.name;
    const info = nodes.infoOf(device);
    return (info?.processors ?? [engineProcessor]).map((processor): JobOffer => ({
      key: `${device} ${processor.app} ${processor.name}`,
      label: `${processor.label} on ${nodeName ?? 'a node'}`,
      processor,
      device,
      nodeName,
      reachable: nodes.isReachable(device),
      hasShares: (info?.shares.length ?? 0) > 0
    }));
  });
  if (offers.length > 0) return offers;
  return [
    {
      key: 'engine',
      label: `${engineProcessor.label} on the first node that is paired`,
      processor: engineProcessor,
      device: undefined,
      nodeName: undefined,
      reachable: false,
      hasShares: false
    }
  ];
}

/** What completed jobs made, with the device that has it. */
export function completedOutputs(state: ProjectState): { file: FileState; device: DeviceId }[] {
  return state.jobs.flatMap(({ current }) => {
    const outputs = terminalEvent(current?.events ?? [])?.outputs ?? [];
    return outputs.flatMap(({ file: id }) => {
      const file = state.files.find((known) => known.file === id);
      return current && file?.root ? [{ file, device: current.device }] : [];
    });
  });
}

/** @throws TaggedError `job-form-invalid`, `session-field-invalid`, `recording-layout-unknown` */
export function defineJob({
  input,
  offer,
  form
}: {
  input: FileState;
  offer: JobOffer;
  form: JobForm;
}): JobDefinition {
  const { processor } = offer;
  const { parameters, resources, metadata, seed } = form.finish();
  if (!input.selection && !input.simulation)
    throw new TaggedError(
      'recording-layout-unknown',
      'it is not known how this file’s bytes make a recording'
    );
  return {
    app: processor.app,
    processor: processor.name,
    version: processor.version,
    inputs: [
      {
        name: processor.inputs[0]?.name ?? 'recording',
        file: input.file,
        ...(input.selection && { selection: input.selection }),
        ...(input.probe !== undefined && { probe: input.probe }),
        ...(metadata && { metadata: JSON.stringify(metadata) })
      }
    ],
    outputs: [
      {
        name: processor.outputs[0]?.name ?? 'sorting',
        file: v.parse(FileId, toHex(randomBytes(16))),
        fileName: `${input.name.replace(/\.[^.]*$/, '')}_${processor.name}.nwb`
      }
    ],
    parameters,
    seed,
    resources
  };
}
