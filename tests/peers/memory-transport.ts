/** Two ends of a transport within one process, whose wire can be cut without a word. */
import { type ChannelName, channelNames } from '../../src/lib/peer/peer-channel.ts';
import { type PeerTransport, type RawChannelHandlers } from '../../src/lib/peer/transport.ts';

export interface MemoryWire {
  readonly ends: readonly [PeerTransport, PeerTransport];
  /** From now on nothing arrives, and neither side is told. */
  cut(): void;
}

export function memoryWire(): MemoryWire {
  let isCut = false;
  const handlers = [
    new Map<ChannelName, RawChannelHandlers>(),
    new Map<ChannelName, RawChannelHandlers>()
  ] as const;
  const waiting: [{ name: ChannelName; frame: Uint8Array }[], { name: ChannelName; frame: Uint8Array }[]] = [
    [],
    []
  ];
  const closers: (() => void)[][] = [[], []];
  const closed = [false, false];
  function close(side: 0 | 1): void {
    if (closed[side]) return;
    closed[side] = true;
    for (const listener of closers[side] ?? []) listener();
    if (!isCut) close(side === 0 ? 1 : 0);
  }
  /** A frame that comes before the other end listens waits for it, as in a real transport that has not opened there. */
  function deliver(side: 0 | 1, name: ChannelName, frame: Uint8Array): void {
    const handler = handlers[side].get(name);
    if (!handler) waiting[side].push({ name, frame });
    else if (!isCut && !closed[side]) handler.onFrame(frame);
  }
  function end(side: 0 | 1): PeerTransport {
    const other = side === 0 ? 1 : 0;
    const raw = (name: ChannelName) => ({
      bufferedAmount: 0,
      send(frame: Uint8Array) {
        if (closed[side]) throw new Error('closed');
        const copy = frame.slice();
        queueMicrotask(() => deliver(other, name, copy));
      },
      attach(given: RawChannelHandlers) {
        handlers[side].set(name, given);
        for (const early of waiting[side].splice(0))
          queueMicrotask(() => deliver(side, early.name, early.frame));
      }
    });
    const channels = new Map(channelNames.map((name) => [name, raw(name)]));
    return {
      carrier: 'webrtc',
      opened: Promise.resolve(),
      channel: (name) => channels.get(name) ?? raw(name),
      fingerprints: () => Promise.resolve({ local: `${side}`.repeat(64), remote: `${other}`.repeat(64) }),
      remoteAddress: () => Promise.resolve('10.0.0.1'),
      onClose: (listener) => (closed[side] ? listener() : void closers[side]?.push(listener)),
      close: () => close(side)
    };
  }
  return { ends: [end(0), end(1)], cut: () => (isCut = true) };
}
