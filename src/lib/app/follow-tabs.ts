/** What another tab of this browser adds, removes, pairs with or sets is so in this one, without a reload. */
import { type ProjectId } from '#lib/model/ids.ts';
import { type DendroDatabase } from '#lib/storage/database.ts';
import { watchQuery } from '#lib/storage/watch-query.ts';
import { type ConnectionSettings } from './connection-settings.svelte.ts';
import { type NodeBook } from './nodes.svelte.ts';

/** The setting that all bytes go over data channels. */
export const forceDataChannelKey = 'force-data-channel';

export interface TabFollower {
  database: DendroDatabase;
  nodes: NodeBook;
  connections: ConnectionSettings;
  onIce: () => void;
  /** Projects that are stored now; called at first, and when one came, went or was met elsewhere. */
  onProjects: (ids: readonly ProjectId[]) => void;
  onNodes: () => void;
  onForceDataChannel: (force: boolean) => void;
}

/** @returns ends the following */
export function followTabs(follower: TabFollower): () => void {
  const { projects, settings } = follower.database;
  const watched = [
    watchQuery(() => projects.orderBy('openedAt').primaryKeys(), follower.onProjects),
    follower.nodes.follow(follower.database, follower.onNodes),
    follower.connections.follow(follower.database, follower.onIce),
    watchQuery(
      async () => (await settings.get(forceDataChannelKey))?.value === true,
      follower.onForceDataChannel
    )
  ];
  return () => {
    for (const stop of watched) stop();
  };
}
