/** This browser's database, opened once by the root layout. */
import { type DendroDatabase, openDatabase } from '#lib/storage/database.ts';
import { appContext } from './context.ts';

export const databaseContext = appContext<DendroDatabase>('Database');

export { openDatabase };
