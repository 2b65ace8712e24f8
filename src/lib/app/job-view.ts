/**
 * What a person reads of a job, from its signed events and from what streams over the connection: waiting for node,
 * sending, queued, running, returning, done. Pure.
 */
import { type JobEvent } from '#lib/model/processor.ts';
import { transferText, type TransferFigures } from './transfer-progress.ts';

export type JobPhase =
  'waiting' | 'sending' | 'queued' | 'running' | 'cancelling' | 'returning' | 'done' | 'failed' | 'cancelled';

export interface JobFacts {
  /** The assigned device's events in order; the first terminal one counts. */
  events: readonly JobEvent[];
  assigned: boolean;
  cancelRequested: boolean;
}

/** What is known while the node is connected; none of it is in the project. */
export interface JobLive {
  nodeName: string | undefined;
  nodeReachable: boolean;
  sending?: TransferFigures | undefined;
  returning?: TransferFigures | undefined;
  /** The node needs bytes that the browser must be asked for. */
  inputWaits?: boolean;
  /** Jobs before this one in the node's queue. */
  placeInQueue?: number | undefined;
  stage?: string | undefined;
  /** 0 to 1. */
  overall?: number | undefined;
  /** The result is stored on this device. */
  resultHere: boolean;
  /** Why the result could not be stored here, such as too little space. */
  returnProblem?: string | undefined;
}

export interface JobView {
  phase: JobPhase;
  /** Such as "Running". */
  label: string;
  /** Such as "spike features, 40 %". */
  detail: string | undefined;
  /** 0 to 1 where a bar makes sense. */
  fraction: number | undefined;
  /** Nothing will change any more. */
  ended: boolean;
}

export function terminalEvent(events: readonly JobEvent[]): JobEvent | undefined {
  return events.find((event) => ['completed', 'failed', 'cancelled'].includes(event.state));
}

export function viewJob(facts: JobFacts, live: JobLive): JobView {
  const terminal = terminalEvent(facts.events);
  if (terminal) return viewEnded(terminal, live);
  if (facts.cancelRequested) return view('cancelling', 'Cancelling', waitText(live));
  const last = facts.events.at(-1);
  if (live.sending && last?.state !== 'started')
    return view('sending', 'Sending', transferText(live.sending), fractionOf(live.sending));
  if (!facts.assigned) return view('waiting', 'Waiting for a node', 'starts when a compute node is paired');
  if (!last) return view('waiting', 'Waiting for node', waitText(live));
  if (last.state !== 'started' && live.inputWaits)
    return view('queued', 'Waiting for the recording', 'reconnect it on this device');
  if (last.state !== 'started') return view('queued', 'Queued', queueText(live));
  if (!live.nodeReachable)
    return view('running', 'Running', `${nodeName(live)} is not reachable; it goes on by itself`);
  return view('running', 'Running', runningText(live), live.overall);
}

function viewEnded(terminal: JobEvent, live: JobLive): JobView {
  if (terminal.state === 'failed')
    return { ...view('failed', 'Failed', terminal.reason?.message), ended: true };
  if (terminal.state === 'cancelled')
    return { ...view('cancelled', 'Cancelled', terminal.reason?.message), ended: true };
  if (live.returning && !live.resultHere)
    return view('returning', 'Returning', transferText(live.returning), fractionOf(live.returning));
  if (!live.resultHere && live.returnProblem)
    return view('returning', 'Done on the node', live.returnProblem);
  if (!live.resultHere)
    return view(
      'returning',
      'Done on the node',
      live.nodeReachable ? undefined : `comes when ${nodeName(live)} is reachable`
    );
  return { ...view('done', 'Done', summaryText(terminal)), ended: true };
}

function view(phase: JobPhase, label: string, detail?: string, fraction?: number): JobView {
  return { phase, label, detail, fraction, ended: false };
}

function nodeName(live: JobLive): string {
  return live.nodeName ?? 'the node';
}
function waitText(live: JobLive): string | undefined {
  return live.nodeReachable ? undefined : `starts when ${nodeName(live)} is reachable`;
}
function queueText(live: JobLive): string | undefined {
  if (!live.nodeReachable) return `${nodeName(live)} is not reachable; it goes on by itself`;
  if (live.placeInQueue === undefined) return undefined;
  return live.placeInQueue === 0 ? 'next' : `${live.placeInQueue} before it`;
}
function runningText(live: JobLive): string | undefined {
  const percent = live.overall === undefined ? undefined : `${Math.round(live.overall * 100)} %`;
  return [live.stage, percent].filter((part) => part !== undefined).join(', ') || undefined;
}
function fractionOf(figures: TransferFigures): number | undefined {
  return figures.totalBytes > 0 ? figures.doneBytes / figures.totalBytes : undefined;
}

/** "18 units found, 17 of 18 true ones" from a terminal event's figures. */
export function summaryText(event: JobEvent): string | undefined {
  const summary = event.summary;
  if (!summary) return undefined;
  const parts: string[] = [];
  const { units, trueUnitsFound, trueUnits } = summary;
  if (units !== undefined) parts.push(units === 1 ? '1 unit found' : `${units} units found`);
  if (trueUnitsFound !== undefined && trueUnits !== undefined)
    parts.push(`${trueUnitsFound} of ${trueUnits} true ones`);
  return parts.join(', ') || undefined;
}

/** What is found for the first item that has something. */
export function firstOf<Item, Found>(
  items: readonly Item[],
  find: (item: Item) => Found | undefined
): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
