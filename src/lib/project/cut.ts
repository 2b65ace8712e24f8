/** Which of a person's logs a change of their role names: what stands there now is still judged by the old role. */
import { type WriterId } from '../model/ids.ts';
import { mostCutWriters } from './bodies.ts';

export interface LogEnd {
  writer: WriterId;
  seq: number;
}

/**
 * The longest logs, when there are more than can be named: else somebody who opens thousands of sessions could not be
 * removed. What is not named is void.
 */
export function cutFrom(ends: readonly LogEnd[]): LogEnd[] {
  return [...ends].sort((a, b) => b.seq - a.seq).slice(0, mostCutWriters);
}
