/** Where the bytes of a project's recording come from in this browser. */
import { type FileItem } from './project-items.ts';
import { type RecordingOrigin } from '../../workers/recording-origin.ts';

/** @returns undefined where the recording cannot be read here, or nobody said how it is laid out */
export function originOf(recording: FileItem, bytes: File | undefined): RecordingOrigin | undefined {
  const { name, selection, probe, simulation } = recording;
  if (simulation) return { kind: 'demonstration' };
  return bytes && selection ? { kind: 'file', file: bytes, name, selection, probe } : undefined;
}
