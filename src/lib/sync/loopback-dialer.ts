/**
 * Keeps a loopback connection to the node on this machine while WebRTC brings none: tried after a moment, again with
 * backoff, and given up as soon as there is a better one.
 */
import { type DeviceId } from '../model/ids.ts';
import { type ConnectionSet } from '../peer/connection-set.ts';
import { openPeer, type OpenPeerOptions } from '../peer/peer-link.ts';
import { dialLoopback } from '../peer/socket-transport.ts';

export interface LoopbackAddress {
  /** `ws://localhost:4317/peer` */
  readonly url: string;
  readonly device: DeviceId;
}

export interface LoopbackDialerOptions {
  readonly address: LoopbackAddress;
  readonly linkOptions: Omit<OpenPeerOptions, 'transport' | 'side'>;
  readonly connections: ConnectionSet;
  /** How long WebRTC gets first. */
  readonly patienceMs?: number;
}

const patienceMs = 2500;
const longestRetryMs = 15_000;

export class LoopbackDialer {
  readonly #options: LoopbackDialerOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #stopped = false;

  constructor(options: LoopbackDialerOptions) {
    this.#options = options;
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#stopped) return;
    const delay = Math.min((this.#options.patienceMs ?? patienceMs) * 1.5 ** this.#failures, longestRetryMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#dial(), delay);
  }

  async #dial(): Promise<void> {
    const { address, linkOptions, connections } = this.#options;
    const present = connections.to(address.device);
    if (present) {
      present.onClose(() => this.#wait());
      return;
    }
    try {
      const transport = dialLoopback(address.url, linkOptions.room);
      const connection = await openPeer({ ...linkOptions, transport, side: 'offerer' });
      this.#failures = 0;
      connection.onClose(() => this.#wait());
      if (this.#stopped) connection.close();
      else connections.add(connection);
    } catch {
      // The project's status tells what failed on the way by WebRTC; this way is tried again.
      this.#failures += 1;
      this.#wait();
    }
  }
}
