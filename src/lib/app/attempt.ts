/** Runs what a button asks for; a failure is told in a toast in plain words, never lost. */
import { toast } from 'svelte-sonner';
import { describeError } from '#lib/model/error-text.ts';
import { toErrorRecord } from '#lib/model/errors.ts';

export async function attempt(action: () => Promise<unknown> | unknown): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    const record = toErrorRecord(error);
    // Closing a picker is an answer, not a failure.
    if (record.tag === 'aborted') return false;
    const text = describeError(record);
    toast.error(text.what, { description: text.remedy, duration: 10_000 });
    return false;
  }
}
