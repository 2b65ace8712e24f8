/** Lets tagged errors cross Comlink with their tag and details. Both sides of a worker call it once. */
import { transferHandlers } from 'comlink';
import { type ErrorRecord, fromErrorRecord, toErrorRecord } from '#lib/model/errors.ts';

export function installErrorTransfer(): void {
  const thrown = transferHandlers.get('throw');
  if (!thrown) throw new Error('comlink has no handler of thrown values');
  transferHandlers.set('throw', {
    canHandle: thrown.canHandle,
    serialize: (carrier) => [toErrorRecord((carrier as { value: unknown }).value), []],
    deserialize: (record) => {
      throw fromErrorRecord(record as ErrorRecord);
    }
  });
}
