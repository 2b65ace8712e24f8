/**
 * The live connections of one room, one for each session of each device: a new one takes the place of an older one to
 * the same session, which is how a half-open connection ends at once when its peer comes back.
 */
import { type DeviceId } from '../model/ids.ts';
import { type PeerConnection } from './peer-connection.ts';

/** Sessions of one device: what a session calls itself is its own word, so a device could connect without end. */
const mostOfOneDevice = 8;

type ConnectionListener = (connection: PeerConnection) => void;

export class ConnectionSet {
  readonly #connections = new Set<PeerConnection>();
  readonly #listeners = new Set<ConnectionListener>();
  readonly #changed: () => void;

  /** @param changed called after each addition and removal */
  constructor(changed: () => void = () => undefined) {
    this.#changed = changed;
  }

  get all(): readonly PeerConnection[] {
    return [...this.#connections];
  }

  to(device: DeviceId): PeerConnection | undefined {
    return this.all.find((connection) => connection.device === device);
  }

  /** @returns whether it was kept: WebRTC is preferred to the loopback socket, and else the newer to the older */
  add(connection: PeerConnection): boolean {
    const older = this.all.find(
      ({ device, writer }) => device === connection.device && writer === connection.writer
    );
    if (older?.carrier === 'webrtc' && connection.carrier === 'loopback') {
      connection.close(replaced);
      return false;
    }
    this.#connections.add(connection);
    older?.close(replaced);
    const ofDevice = this.all.filter(({ device }) => device === connection.device);
    if (ofDevice.length > mostOfOneDevice) ofDevice[0]?.close(replaced);
    connection.onClose(() => {
      this.#connections.delete(connection);
      this.#changed();
    });
    for (const listener of this.#listeners) listener(connection);
    this.#changed();
    return true;
  }

  /** Called for every present and later connection. */
  onConnection(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    for (const connection of this.#connections) listener(connection);
    return () => this.#listeners.delete(listener);
  }

  closeAll(): void {
    for (const connection of this.all) connection.close();
  }
}

const replaced = { tag: 'peer-replaced', message: 'Another connection to the same peer took its place.' };
