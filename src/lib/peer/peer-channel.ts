/**
 * What the parts above see of a peer: three ordered message channels of an authenticated connection. Messages arrive
 * whole; frames, backpressure and the handshake are below this line.
 */

/** `sync` carries the project document, `control` small requests and events, `bulk` file bytes. */
export type ChannelName = 'sync' | 'control' | 'bulk';
export const channelNames = ['sync', 'control', 'bulk'] as const;

/** The largest message, in bytes, that each channel accepts from the other side; a larger one ends the connection. */
export const messageLimits: Readonly<Record<ChannelName, number>> = {
  sync: 64 * 1024 * 1024,
  control: 1024 * 1024,
  bulk: 4 * 1024 * 1024
};

/** One ordered, reliable stream of messages to one authenticated peer. */
export interface PeerChannel {
  readonly name: ChannelName;
  /** Bytes that were accepted and have not left this process. */
  readonly bufferedAmount: number;
  /**
   * Sends one message. Resolves once its last frame is handed to the transport, which holds at most 4 MiB at a time, so
   * awaiting each send is the backpressure; until then the bytes must not change.
   * @throws {TaggedError} `peer-closed` when the connection ends first, `peer-message-too-large` above messageLimits
   */
  send(message: Uint8Array): Promise<void>;
  /**
   * Listens to whole messages; what came before the first listener is kept for it. The bytes belong to the listener.
   * @returns stops listening
   */
  onMessage(listener: (message: Uint8Array) => void): () => void;
}
