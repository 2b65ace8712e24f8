/**
 * Deleting a project for everybody, and taking that back: a fact among the access entries, since it is an admin's say.
 * Nothing of the record goes; what others hold they keep.
 */
import { type Role } from '../identity/person.ts';
import { TaggedError } from '../model/errors.ts';
import { type DeviceId, type PersonId } from '../model/ids.ts';
import { type AccessBody } from './bodies.ts';

/** A deletion of the whole project that stands: nobody took it back. */
export interface ProjectDeletion {
  /** Hash of its entry: what a restoration names. */
  entry: string;
  by: PersonId;
  byDevice: DeviceId;
  /** ms since 1970, by its author's clock. */
  at: number;
}

/** Only an admin deletes a project, or takes that back. */
export function mayDeleteProject(role: Role | undefined): boolean {
  return role === 'admin';
}

export interface DeletableProject {
  append(body: AccessBody): Promise<unknown>;
  role(): Role | undefined;
  /** Those that stand. */
  deletions(): readonly ProjectDeletion[];
}

/** The deletion of one project, as this device's person may do it. */
export class WholeProject {
  readonly #project: DeletableProject;

  constructor(project: DeletableProject) {
    this.#project = project;
  }

  /** The deletion by which the project is deleted; `undefined`: it is not. */
  get deletion(): ProjectDeletion | undefined {
    return this.#project.deletions().at(-1);
  }

  get mayDelete(): boolean {
    return mayDeleteProject(this.#project.role());
  }

  /** @throws TaggedError `not-allowed` */
  async delete(): Promise<void> {
    this.#requireAdmin();
    await this.#project.append({ type: 'delete-project', at: Date.now() });
  }

  /** Takes back every deletion that stands, as known here. @throws TaggedError `not-allowed` */
  async restore(): Promise<void> {
    this.#requireAdmin();
    const deletions = this.#project.deletions().map(({ entry }) => entry);
    if (deletions.length > 0)
      await this.#project.append({ type: 'restore-project', at: Date.now(), deletions });
  }

  #requireAdmin(): void {
    if (!this.mayDelete)
      throw new TaggedError('not-allowed', 'only an admin deletes a project, or takes that back', {
        admins: ''
      });
  }
}
