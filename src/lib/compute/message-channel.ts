/** What the job protocol needs of a channel: whole messages, in order. Peer channels have this shape. */

import { type ChannelName } from '#lib/peer/peer-channel.ts';
import { type PeerConnection } from '#lib/peer/peer-connection.ts';

export interface MessageChannel {
  /** Resolves when the channel can take more; rejects once it is closed. The bytes may be reused afterwards. */
  send(bytes: Uint8Array): Promise<void>;
  /** @returns a function that removes the listener. */
  onMessage(listener: (bytes: Uint8Array) => void): () => void;
  /** Called once, also when the channel is closed already. @returns a function that removes the listener. */
  onClose(listener: () => void): () => void;
}

/** A channel of an authenticated peer, which closes with its connection. */
export function peerMessageChannel(connection: PeerConnection, name: ChannelName): MessageChannel {
  const channel = connection.channel(name);
  return {
    send: (bytes) => channel.send(bytes),
    onMessage: (listener) => channel.onMessage(listener),
    onClose: (listener) => connection.onClose(() => listener())
  };
}

/** Two joined channels in one process: what one sends, the other receives, a microtask later. */
export function channelPair(): [MessageChannel & { close(): void }, MessageChannel & { close(): void }] {
  const ends = [new LocalChannel(), new LocalChannel()] as const;
  ends[0].other = ends[1];
  ends[1].other = ends[0];
  return [ends[0], ends[1]];
}

class LocalChannel implements MessageChannel {
  other: LocalChannel | undefined;
  #closed = false;
  #messageListeners = new Set<(bytes: Uint8Array) => void>();
  #closeListeners = new Set<() => void>();

  async send(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new Error('the channel is closed');
    const copy = bytes.slice();
    await Promise.resolve();
    this.other?.receive(copy);
  }

  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    for (const listener of [...this.#messageListeners]) listener(bytes);
  }

  onMessage(listener: (bytes: Uint8Array) => void): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  onClose(listener: () => void): () => void {
    if (this.#closed) listener();
    else this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#closeListeners) listener();
    this.other?.close();
  }
}
