/** Who takes part in a project: people and nodes, who of them is here, and invitations; changed by an admin. */
import { type Role } from '#lib/identity/person.ts';
import { type DeviceId, type InvitationId, type PersonId } from '#lib/model/ids.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { type Companion, companions } from './companions.ts';
import { type SessionServices } from './device-knowledge.ts';
import { type NodeItem } from './nodes.svelte.ts';
import { type InvitationItem, invitationItems, type PersonItem, personItems } from './project-items.ts';

export interface MembersProject {
  document: ProjectDocument;
  services: SessionServices;
  /** Reactive. */
  state(): ProjectState;
  saving<Value>(task: () => Promise<Value>): Promise<Value>;
}

export class ProjectMembers {
  readonly #project: MembersProject;

  constructor(project: MembersProject) {
    this.#project = project;
  }

  readonly people: PersonItem[] = $derived.by(() => {
    const { document, services } = this.#project;
    return personItems(this.#project.state(), {
      person: document.person,
      lastActive: (device) => document.lastActive(device),
      isPresent: (device) => services.tabs.isConnected(device)
    });
  });
  /** Who is here now, and what they look at. */
  readonly companions: Companion[] = $derived.by(() => {
    const { document, services } = this.#project;
    return companions(this.#project.state(), services.tabs.state?.presence ?? [], document.person);
  });
  readonly invitations: InvitationItem[] = $derived.by(() =>
    invitationItems(this.#project.state(), Date.now())
  );
  /** Paired nodes that are not in the project. */
  readonly nodesToAdd: NodeItem[] = $derived.by(() =>
    this.#project.services.nodes.all.filter(({ device }) => !this.includes(device))
  );

  includes(device: DeviceId): boolean {
    return this.#project
      .state()
      .members.some(({ devices }) => devices.some((known) => known.device === device));
  }
  /** No other device is known to hold this project. */
  get onlyThisDevice(): boolean {
    return this.#project.state().members.flatMap(({ devices }) => devices).length <= 1;
  }
  /** The others who look at this file or job. */
  companionsAt(id: string | undefined): Companion[] {
    return this.companions.filter(({ focus }) => focus !== undefined && focus === id);
  }

  async setRole(person: PersonId, role: Role): Promise<void> {
    await this.#saving(({ membership }) => membership.setRole(person, role));
  }
  /** Removes somebody; one's own person: leaves. */
  async remove(person: PersonId): Promise<void> {
    await this.#saving(({ membership }) => membership.remove(person));
  }
  async revokeInvitation(invite: InvitationId): Promise<void> {
    await this.#saving(({ membership }) => membership.revokeInvitation(invite));
  }
  async addNode(device: DeviceId): Promise<void> {
    const person = this.#project.services.nodes.personOf(device);
    await this.#saving(({ membership }) => membership.admit(person, 'compute'));
  }

  #saving(task: (document: ProjectDocument) => Promise<void>): Promise<void> {
    return this.#project.saving(() => task(this.#project.document));
  }
}
