/**
 * One project in the tabs of one browser: the tab that leads holds the connections, tells the others what it sees, and
 * runs their errands; so a person finds the same state, and can do the same, in every tab.
 */
import { fromErrorRecord, TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type DeviceId, type ProjectId } from '#lib/model/ids.ts';
import { type Presence } from '#lib/sync/presence.ts';
import * as v from 'valibot';
import { LiveJobs } from './live-jobs.svelte.ts';
import { type NodeLink, type ProjectConnection } from './project-connection.svelte.ts';
import { type ConnectionState, type Errand, type LiveNews, TabMessage } from './tab-messages.ts';

/** What the leading tab does for the others. */
export interface TabLead {
  connection: Pick<ProjectConnection, 'state' | 'isConnected' | 'linkTo' | 'recordChanged' | 'showPlace'>;
  run: (errand: Errand) => Promise<unknown>;
}

export class ProjectTabs {
  readonly live = new LiveJobs((news) => this.#tellNews(news));
  readonly #channel: BroadcastChannel;
  readonly #session = crypto.randomUUID();
  readonly #onSeen: (state: ConnectionState | undefined) => void;
  readonly #asked = new Map<string, PromiseWithResolvers<unknown>>();
  #lead = $state.raw<TabLead | undefined>(undefined);
  #place: Presence | undefined;
  #leader: string | undefined;
  #seen = $state.raw<ConnectionState | undefined>(undefined);

  /** @param onSeen what another tab holds of connections, or that none does any more */
  constructor(project: ProjectId, onSeen: (state: ConnectionState | undefined) => void = () => undefined) {
    this.#onSeen = onSeen;
    this.#channel = new BroadcastChannel(`dendro:project:${project}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const parsed = v.safeParse(TabMessage, data);
      if (parsed.success) this.#hear(parsed.output);
    };
    this.#tell({ kind: 'ask' });
  }

  /** How the connections are, whichever tab holds them; undefined while none does. */
  get state(): ConnectionState | undefined {
    return this.#lead?.connection.state ?? this.#seen;
  }
  isConnected(device: DeviceId): boolean {
    if (this.#lead) return this.#lead.connection.isConnected(device);
    return this.#seen?.devices.includes(device) ?? false;
  }
  /** The node's link where this tab holds it. */
  linkTo(device: DeviceId): NodeLink | undefined {
    return this.#lead?.connection.linkTo(device);
  }
  /** Another tab is connected to the node. */
  seesNode(device: DeviceId): boolean {
    return !this.#lead && (this.#seen?.nodes.some((node) => node.device === device) ?? false);
  }

  /** This tab has the connections now. */
  lead(lead: TabLead): void {
    this.#forget();
    this.#lead = lead;
    if (this.#place) lead.connection.showPlace(this.#place);
    this.announce();
  }

  /** The connections of this tab end. */
  yieldLead(): void {
    if (!this.#lead) return;
    this.#lead = undefined;
    this.#tell({ kind: 'gone', leader: this.#session });
  }

  /** Tells the other tabs how the connections are now. */
  announce(): void {
    if (this.#lead) this.#tell({ kind: 'state', leader: this.#session, state: this.#lead.connection.state });
  }

  /** What this person looks at, as the others shall see it; the tab that was used last counts. */
  showPlace(presence: Presence): void {
    this.#place = presence;
    if (this.#lead) this.#lead.connection.showPlace(presence);
    else this.#tell({ kind: 'errand', id: crypto.randomUUID(), errand: { kind: 'show-place', presence } });
  }

  recordChanged(): void {
    this.#lead?.connection.recordChanged();
  }

  /**
   * Has the leading tab do something.
   * @throws TaggedError `connection-lost` when that tab goes before it is done, or what it says went wrong
   */
  ask(errand: Errand): Promise<unknown> {
    const id = crypto.randomUUID();
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    this.#tell({ kind: 'errand', id, errand });
    return asked.promise;
  }

  /** Does something where the connections are, in this tab or another. */
  do(errand: Errand): Promise<unknown> {
    return this.#lead ? this.#lead.run(errand) : this.ask(errand);
  }

  close(): void {
    this.yieldLead();
    this.#forget();
    this.live.stop();
    this.#channel.close();
  }

  #hear(message: v.InferOutput<typeof TabMessage>): void {
    switch (message.kind) {
      case 'ask':
        this.announce();
        for (const news of this.live.everything()) this.#tellNews(news);
        return;
      case 'state':
        return this.#see(message.leader, message.state);
      case 'live':
        if (message.leader === this.#leader) this.live.hear(message.news);
        return;
      case 'gone':
        if (message.leader === this.#leader) this.#forget();
        return;
      case 'errand':
        if (this.#lead) void this.#run(message.id, message.errand, this.#lead);
        return;
      case 'done':
      case 'failed':
        return this.#settle(message);
    }
  }

  #see(leader: string, state: ConnectionState): void {
    // A message from before this tab took over.
    if (this.#lead) return;
    if (leader !== this.#leader) this.#forget();
    this.#leader = leader;
    this.#seen = state;
    this.#onSeen(state);
  }

  /** The tab that led is gone: what it was asked for is not coming. */
  #forget(): void {
    for (const { reject } of this.#asked.values())
      reject(new TaggedError('connection-lost', 'the tab that held the connections was closed'));
    this.#asked.clear();
    this.#leader = undefined;
    if (!this.#seen) return;
    this.#seen = undefined;
    this.live.clearTransfers();
    this.#onSeen(undefined);
  }

  async #run(id: string, errand: Errand, lead: TabLead): Promise<void> {
    try {
      this.#tell({ kind: 'done', id, value: await lead.run(errand) });
    } catch (error) {
      this.#tell({ kind: 'failed', id, error: toErrorRecord(error) });
    }
  }

  #settle(message: Extract<v.InferOutput<typeof TabMessage>, { kind: 'done' | 'failed' }>): void {
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.kind === 'done') asked?.resolve(message.value);
    else asked?.reject(fromErrorRecord(message.error));
  }

  #tellNews(news: LiveNews): void {
    if (this.#lead) this.#tell({ kind: 'live', leader: this.#session, news });
  }

  #tell(message: TabMessage): void {
    this.#channel.postMessage(message);
  }
}
