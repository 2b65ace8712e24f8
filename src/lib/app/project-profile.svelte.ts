/** What a project is about: its description, notes and tags, and whether it is put away; edited by several at once. */
import { TaggedError } from '#lib/model/errors.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { mostTags, type ProjectView, type SharedText, type TextSubject } from '#lib/project/view.ts';
import { textChange } from './text-change.ts';

/** What the profile needs of its project. */
export interface ProfileProject {
  document: ProjectDocument;
  /** The view as it is now; reactive. */
  view(): ProjectView;
  saving<Value>(task: () => Promise<Value>): Promise<Value>;
}

export class ProjectProfile {
  readonly #project: ProfileProject;

  constructor(project: ProfileProject) {
    this.#project = project;
  }

  /** Markdown. */
  get description(): string {
    return this.#project.view().description.toString();
  }
  get notes(): string {
    return this.#project.view().notesOf('project').toString();
  }
  get tags(): string[] {
    return this.#project.view().tagsOf('project');
  }
  get archived(): boolean {
    return this.#project.view().archived;
  }

  /** Makes a text this one, keeping what others write in it meanwhile. */
  async editText(text: string, subject: TextSubject): Promise<void> {
    const shared = sharedText(this.#project.document.view, subject);
    const change = textChange(shared.toString(), text);
    if (!change) return;
    await this.#project.saving(async () => shared.replace(change.position, change.length, change.inserted));
  }

  /** @throws TaggedError `too-many-tags` */
  async addTag(tag: string): Promise<void> {
    if (tag.trim() === '') return;
    if (this.tags.length >= mostTags)
      throw new TaggedError('too-many-tags', `a project has at most ${mostTags} tags`);
    await this.#setTag(tag, true);
  }
  async removeTag(tag: string): Promise<void> {
    await this.#setTag(tag, false);
  }

  /** Puts the project away, or brings it back; everybody still reads it. */
  async setArchived(archived: boolean): Promise<void> {
    await this.#project.saving(async () => this.#project.document.view.setArchived(archived));
  }

  async #setTag(tag: string, present: boolean): Promise<void> {
    await this.#project.saving(async () => this.#project.document.view.setTag('project', tag, present));
  }
}

export function sharedText(view: ProjectView, subject: TextSubject): SharedText {
  return subject === 'description' ? view.description : view.notesOf(subject);
}
