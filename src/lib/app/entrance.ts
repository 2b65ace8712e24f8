/** How this person comes to projects of others: pairing with a node and joining by an invitation, and inviting others. */
import { type InvitationLink, parseInvitationLink } from '#lib/identity/links.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type ProjectId } from '#lib/model/ids.ts';
import { type CarriedOffer } from '#lib/peer/carried-offer.ts';
import { type PeerTransport } from '#lib/peer/transport.ts';
import { type ConnectionSettings } from './connection-settings.svelte.ts';
import {
  type InviteOptions,
  joinByLink,
  knownByLink,
  makeInvitationLink,
  offerToJoin,
  reachableElsewhere
} from './joining.ts';
import { type KeptProjects, type OpenedDevice } from './kept-projects.svelte.ts';
import { type NodeBook, type PairingOutcome } from './nodes.svelte.ts';
import { offerToPair, pairByLink } from './pairing.ts';
import { type KnownProject } from './project-keeper.svelte.ts';
import { type ProjectSession } from './project-session.svelte.ts';

export interface EntranceOptions {
  opened: () => Promise<OpenedDevice>;
  /** Gives this person the name under which the others are to know them. */
  renamePerson(name: string): Promise<void>;
  projects: KeptProjects;
  nodes: NodeBook;
  connections: ConnectionSettings;
  /** Asks the browser to keep what is stored. */
  persist(): Promise<unknown>;
}

export class Entrance {
  readonly #options: EntranceOptions;
  #pairingAbort: AbortController | undefined;

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /** Pairs by a link; how far it is, and why it failed, stands in `nodes.pairing`. */
  async pair(
    link: string,
    personName: string,
    carried?: readonly PeerTransport[]
  ): Promise<PairingOutcome | undefined> {
    const { nodes, projects, connections } = this.#options;
    this.#pairingAbort?.abort(new TaggedError('aborted', 'another link was opened'));
    const abort = (this.#pairingAbort = new AbortController());
    nodes.setPairing({ state: 'pairing', step: 'Looking for the node' });
    try {
      const { identity } = await this.#openedAs(personName);
      const paired = await pairByLink({
        link,
        keys: identity.keys,
        person: identity.person,
        rtc: connections.rtc,
        carried: carried?.[0],
        signal: abort.signal,
        store: async ({ node, project }) => {
          await nodes.add(node);
          await projects.add(project);
        }
      });
      nodes.setPairing({ state: 'idle' });
      this.#takeByHand(paired.project.id, carried?.[1]);
      return { node: paired.node.id, project: paired.project.id };
    } catch (error) {
      if (this.#pairingAbort === abort)
        nodes.setPairing(abort.signal.aborted ? { state: 'idle' } : { state: 'failed', error });
      return undefined;
    }
  }
  /** An offer for the node to answer, where no signalling server is reached. @throws TaggedError `link-invalid` */
  offerToPair(link: string): Promise<CarriedOffer> {
    return offerToPair(link, this.#options.connections.rtc);
  }
  cancelPairing(): void {
    this.#pairingAbort?.abort(new TaggedError('aborted', 'pairing was cancelled'));
  }

  /** What a link says, before anything is done. @throws TaggedError `invitation-invalid` */
  readInvitation(link: string): InvitationLink {
    return parseInvitationLink(link);
  }

  /** Joins by an invitation and opens the project. @throws TaggedError why not */
  async join(
    link: InvitationLink,
    {
      personName,
      signal,
      carried
    }: { personName: string; signal: AbortSignal; carried?: PeerTransport | undefined }
  ): Promise<ProjectId> {
    const { projects, connections } = this.#options;
    const { identity, persistence } = await this.#openedAs(personName);
    const known = projects.find(link.project);
    if (known && (await projects.open(known.id)).document.role !== undefined) {
      if (known.imported) await projects.add(knownByLink(link));
      return known.id;
    }
    const { keys, person } = identity;
    try {
      const { rtc } = connections;
      await projects.add(await joinByLink({ link, keys, person, persistence, rtc, signal, carried }));
    } catch (error) {
      if (!known) await persistence.remove(link.project);
      throw error;
    }
    void this.#options.persist();
    return link.project;
  }

  /** An offer to be answered by a member, where no signalling server is reached from both sides. */
  offerToJoin(link: InvitationLink): Promise<CarriedOffer> {
    return offerToJoin(link, this.#options.connections.rtc);
  }

  /** Joins by the answer to an offer. @throws TaggedError why not */
  async joinByHand(
    link: InvitationLink,
    { offer, answer, ...by }: { offer: CarriedOffer; answer: string; personName: string; signal: AbortSignal }
  ): Promise<ProjectId> {
    const [first, second] = await offer.accept(answer);
    const project = await this.join(link, { ...by, carried: first });
    this.#takeByHand(project, second);
    return project;
  }

  /** Invites people to a project. @returns the link, a secret */
  async invite(id: ProjectId, options: InviteOptions): Promise<{ link: string; reachable: boolean }> {
    const { projects, opened } = this.#options;
    const keeper = projects.keeperOf(id);
    const session = await keeper?.opened;
    if (!keeper || !session) throw new TaggedError('project-unknown', 'this project is not on this device');
    const signalling = this.#signallingOf(session, keeper.project);
    const link = await makeInvitationLink({
      ...options,
      document: session.document,
      project: keeper.project,
      signalling,
      inviterName: (await opened()).identity.person.name,
      origin: location.origin
    });
    return { link, reachable: reachableElsewhere(signalling) };
  }

  async #openedAs(personName: string): Promise<OpenedDevice> {
    const { opened, renamePerson } = this.#options;
    await opened();
    if (personName.trim() !== '') await renamePerson(personName);
    return opened();
  }

  /** The record comes over it; where it does not, the project's page says what to do. */
  #takeByHand(project: ProjectId, transport: PeerTransport | undefined): void {
    if (!transport) return;
    this.#options.projects
      .keeperOf(project)
      ?.take(transport)
      .catch((error: unknown) => console.warn('the connection by hand ended', toErrorRecord(error)));
  }

  /** Where members of a project are met: its own addresses, and those of its nodes. */
  #signallingOf({ document }: ProjectSession, { signalling }: KnownProject): string[] {
    const nodes = this.#options.nodes.records.filter(({ id }) => document.roleOfDevice(id) === 'compute');
    return [
      ...new Set([...document.state.signalling, ...signalling, ...nodes.flatMap((node) => node.signalling)])
    ];
  }
}
