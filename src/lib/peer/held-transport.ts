/** A transport that keeps what arrives until somebody listens: the two sides begin the handshake at different moments. */
import { type ChannelName, channelNames } from './peer-channel.ts';
import { type PeerTransport, type RawChannel, type RawChannelHandlers } from './transport.ts';

/** More is no beginning of a handshake: the transport ends. */
const mostBytes = 4096;

export function holdFrames(transport: PeerTransport): PeerTransport {
  const channels = Object.fromEntries(
    channelNames.map((name) => [name, new HeldChannel(transport.channel(name), () => transport.close())])
  ) as Record<ChannelName, HeldChannel>;
  return {
    carrier: transport.carrier,
    opened: transport.opened,
    channel: (name) => channels[name],
    fingerprints: () => transport.fingerprints(),
    remoteAddress: () => transport.remoteAddress(),
    onClose: (listener) => transport.onClose(listener),
    close: () => transport.close()
  };
}

class HeldChannel implements RawChannel {
  readonly #raw: RawChannel;
  #handlers: RawChannelHandlers | undefined;
  #held: Uint8Array[] = [];
  #bytes = 0;

  constructor(raw: RawChannel, overflow: () => void) {
    this.#raw = raw;
    raw.attach({
      onFrame: (frame) => {
        if (this.#handlers) return this.#handlers.onFrame(frame);
        this.#bytes += frame.length;
        if (this.#bytes > mostBytes) overflow();
        else this.#held.push(frame.slice());
      },
      onDrained: () => this.#handlers?.onDrained()
    });
  }

  get bufferedAmount(): number {
    return this.#raw.bufferedAmount;
  }

  send(frame: Uint8Array): void {
    this.#raw.send(frame);
  }

  attach(handlers: RawChannelHandlers): void {
    this.#handlers = handlers;
    // Whoever attaches may not be ready for a frame at once.
    queueMicrotask(() => {
      for (const frame of this.#held.splice(0)) handlers.onFrame(frame);
    });
  }
}
