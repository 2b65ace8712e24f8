/** How this device is connected to a project's other members, and connecting by hand where no server is reached. */
import { type ProjectDocument } from '#lib/project/project-document.ts';
import * as v from 'valibot';
import { type MeetingView, meetingView } from './meeting-view.ts';
import { type ProjectTabs } from './project-tabs.svelte.ts';

export interface MetProject {
  document: ProjectDocument;
  tabs: ProjectTabs;
  saving<Value>(task: () => Promise<Value>): Promise<Value>;
}

export class ProjectMeeting {
  readonly #project: MetProject;

  constructor(project: MetProject) {
    this.#project = project;
  }

  /** How the connections stand; reactive. */
  get view(): MeetingView {
    return meetingView(this.#project.tabs.state?.status);
  }

  /** An offer for another member to answer, where no signalling server is reached from both sides. */
  async offerByHand(): Promise<string> {
    return v.parse(v.string(), await this.#project.tabs.do({ kind: 'make-offer' }));
  }
  /** Answers somebody's offer. @throws TaggedError `carried-invalid`, `carried-mixed-up`, `carried-other` */
  async answerByHand(text: string): Promise<string> {
    return v.parse(v.string(), await this.#project.tabs.do({ kind: 'answer-offer', text }));
  }
  /** Connects by the answer to the last offer. */
  async connectByHand(text: string): Promise<void> {
    await this.#project.tabs.do({ kind: 'accept-answer', text });
  }

  /** Names the signalling servers where members meet besides their nodes. */
  async setSignalling(signalling: readonly string[]): Promise<void> {
    const { document, saving } = this.#project;
    await saving(() => document.membership.setSignalling(signalling));
  }
}
