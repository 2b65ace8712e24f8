/** Tells of changes to what this browser keeps, whichever tab made them. */
import { liveQuery } from 'dexie';

/**
 * @param query reads the database; it is run again when anything that it read changed
 * @returns ends the watching
 */
export function watchQuery<Value>(query: () => Promise<Value>, onValue: (value: Value) => void): () => void {
  const watching = liveQuery(query).subscribe({
    next: onValue,
    error: (error: unknown) => console.error('what other tabs store is not seen any more', error)
  });
  return () => watching.unsubscribe();
}
