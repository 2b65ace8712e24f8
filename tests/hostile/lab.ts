/**
 * Honest members of one project, each with a document and a synchronisation of its own, over a real signalling server and
 * real WebRTC; and one member whose device is in the hands of a hostile program (program/).
 */
import { expect } from 'vitest';
import { ControlLink } from '#lib/compute/control-link.ts';
import { peerMessageChannel } from '#lib/compute/message-channel.ts';
import { type Role } from '#lib/identity/person.ts';
import { type DeviceId } from '#lib/model/ids.ts';
import { rowPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { ProjectSync } from '#lib/sync/project-sync.ts';
import { closeWebRtc, nodeRtc } from '../../compute-node/platform/webrtc.ts';
import { openDoors, type TestDoors } from '../peers/signalling-for-tests.ts';
import { folded, foundProject, memoryRows, participant, type Participant } from '../unit/project/replicas.ts';
import { HostileLog, readEntry } from './program/log.ts';
import { type Device, newDevice, type Person, personWith } from './program/keys.ts';
import { HostilePeer, type Meeting, type Victim } from './program/peer.ts';

const rtc = nodeRtc();

/** An honest member's program. */
export interface Honest extends Participant {
  document: ProjectDocument;
  sync: ProjectSync;
}

export interface LabOptions {
  /** The role of the member that turns hostile. */
  role?: Role;
  /** Who else is there besides Anna, the admin. */
  others?: Role[];
  /** Where members meet; one of its own by default. */
  signalling?: string;
}

const labs: Lab[] = [];

/** For `afterAll`: the tests of a file run at once, since they mostly wait for connections. */
export async function endLabs(): Promise<void> {
  await Promise.all(labs.splice(0).map((lab) => lab.close()));
  closeWebRtc();
}

export class Lab {
  readonly secret = crypto.getRandomValues(new Uint8Array(32));
  readonly device: Device = newDevice();
  readonly person: Person = personWith(this.device, 'Mallory');
  readonly honest: Honest[] = [];
  readonly signalling: string;
  readonly #doors: TestDoors[];
  readonly #peers: HostilePeer[] = [];
  #honestFiles = 0;

  private constructor(signalling: string, doors: TestDoors[]) {
    this.signalling = signalling;
    this.#doors = doors;
    labs.push(this);
  }

  /** Anna's project with the others in it, connected and in step. */
  static async open({ role = 'viewer', others = ['editor'], signalling }: LabOptions = {}): Promise<Lab> {
    const doors = signalling === undefined ? [await openDoors()] : [];
    const lab = new Lab(signalling ?? doors[0]?.signalling ?? '', doors);
    const anna = await participant('Anna');
    const project = await foundProject(anna);
    await project.membership.admit(lab.person as never, role);
    lab.honest.push({ ...anna, document: project, sync: await lab.#sync(anna, project) });
    for (const [i, other] of others.entries()) {
      const who = await participant(`${other} ${i}`);
      await project.membership.admit(who.person, other);
      await lab.join(who);
    }
    await lab.expectHonestWork();
    return lab;
  }

  get anna(): ProjectDocument {
    return this.member(0).document;
  }

  get project(): ProjectDocument['id'] {
    return this.anna.id;
  }

  member(index: number): Honest {
    const found = this.honest[index];
    if (!found) throw new Error(`no member ${index}`);
    return found;
  }

  /** Another honest member comes in, and is in step once it resolves. */
  async join(who: Participant): Promise<Honest> {
    const persistence = rowPersistence(memoryRows());
    const document = await ProjectDocument.open({ id: this.project, keys: who.keys, persistence });
    const honest = { ...who, document, sync: await this.#sync(who, document) };
    this.honest.push(honest);
    await change(document, () => document.role !== undefined);
    return honest;
  }

  /** Lets a member meet nobody but who comes to the signalling server that is returned. */
  async isolate(index: number): Promise<string> {
    const door = await openDoors();
    this.#doors.push(door);
    await this.#move(index, door.signalling);
    return door.signalling;
  }

  /** The member is among the others again. */
  rejoin(index: number): Promise<void> {
    return this.#move(index, this.signalling);
  }

  async #move(index: number, signalling: string): Promise<void> {
    const member = this.member(index);
    await member.sync.stop();
    member.sync = await this.#sync(member, member.document, signalling);
  }

  /** The hostile member's program enters the room. */
  async enter(changes: Partial<Meeting> & Partial<Meeting['as']> = {}): Promise<HostilePeer> {
    const { device = this.device, writer = 7, invitation, ...meeting } = changes;
    const peer = await HostilePeer.enter({
      signalling: this.signalling,
      secret: this.secret,
      as: { device, writer, ...(invitation && { invitation }) },
      ...meeting
    });
    this.#peers.push(peer);
    return peer;
  }

  /** The hostile program, connected to one of the honest. */
  async attack(index = 0, signalling = this.signalling): Promise<Victim> {
    const peer = await this.enter({ signalling });
    return peer.victim(this.member(index).keys.device);
  }

  /** A log of the hostile device that knows of everything that Anna knows. */
  log(device = this.device, project: string = this.project): HostileLog {
    const log = new HostileLog(device, project);
    log.access = this.accessHeads();
    return log;
  }

  /** Hashes of the access entries that no other one names, read from the carrier as any member can. */
  accessHeads(): string[] {
    const entries = [...this.anna.carrier.share.keys()].flatMap((name) =>
      (this.anna.carrier.getArray(name).toArray() as Uint8Array[]).map(readEntry)
    );
    const access = entries.filter(({ header }) => header.kind === 'access');
    const named = new Set(access.flatMap(({ header }) => header.access));
    return access.map(({ hash }) => hash).filter((hash) => !named.has(hash));
  }

  /** Resolves once something holds of how a member's synchronisation stands. */
  async until(index: number, holds: (sync: ProjectSync) => boolean): Promise<void> {
    const { sync } = this.member(index);
    await new Promise<void>((resolve) => {
      sync.onStatus(() => {
        if (holds(sync)) resolve();
      });
    });
  }

  /** Resolves when a member sees exactly these presences. */
  async presenceReaches(index: number, expected: Record<string, string>): Promise<void> {
    const { sync } = this.member(index);
    await new Promise<void>((resolve) => {
      const check = () => {
        const seen = sync.presence.map(({ device, presence }) => [device, presence.place ?? '']);
        if (JSON.stringify(seen.sort()) !== JSON.stringify(Object.entries(expected).sort())) return;
        stop();
        resolve();
      };
      const stop = sync.onPresence(check);
      check();
    });
  }

  /** Every honest member does something honest, all of it arrives everywhere, and all folds are the same. */
  async expectHonestWork(): Promise<void> {
    const editors = this.honest.filter(({ document }) => document.can('edit'));
    for (const { document } of editors) {
      const name = `honest ${this.#honestFiles++}`;
      await document.addFile({ name, size: 1 });
      for (const other of this.honest)
        await change(other.document, () => other.document.state.files.some((file) => file.name === name));
    }
    for (const { document } of this.honest) await document.flush();
    const [first, ...rest] = this.honest.map(({ document }) => folded(document));
    for (const fold of rest) expect(fold).toEqual(first);
  }

  /** What an attack has not changed: only the honest files are there, and everybody has the role that they had. */
  expectUntouched(): void {
    for (const { document } of this.honest) {
      const names = document.state.files.map(({ name }) => name);
      expect(names.filter((name) => !name.startsWith('honest'))).toEqual([]);
      expect(document.name).toBe('CA1');
    }
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.leave();
    await Promise.all(this.honest.map(({ sync }) => sync.stop()));
    await Promise.all(this.honest.map(({ document }) => document.close()));
    await Promise.all(this.#doors.map((door) => door.close()));
  }

  async #sync({ keys }: Participant, document: ProjectDocument, signalling = this.signalling) {
    const sync = await ProjectSync.start({
      secret: this.secret,
      epoch: 0,
      carrier: document.carrier,
      admit: (update, from) => document.admit(update, from),
      histories: document.histories,
      admits: ({ device }) => admits(document, device),
      wasMember: ({ device }) => document.wasMember(device),
      door: {
        problemWith: (proof) => document.invitationProblem(proof),
        letIn: (update, from) => document.letIn(update, from)
      },
      identity: {
        ...{ device: keys.device, sealingKey: keys.sealingKey, writer: document.writer },
        sign: (bytes) => keys.sign(bytes)
      },
      signalling: [signalling],
      rtc
    });
    document.onChange(() => sync.accessChanged());
    // Somebody listens on control, as in the app and on a node.
    sync.onConnection((connection) => new ControlLink(peerMessageChannel(connection, 'control')));
    return sync;
  }
}

/** Who has nothing of the project yet takes it from anybody; else members alone are met. */
function admits(document: ProjectDocument, device: DeviceId): boolean {
  return document.state.members.length === 0 || document.roleOfDevice(device) !== undefined;
}

/** Resolves once something holds of a document. */
export function change(document: ProjectDocument, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!holds()) return;
      stop();
      resolve();
    };
    const stop = document.onChange(check);
    check();
  });
}
