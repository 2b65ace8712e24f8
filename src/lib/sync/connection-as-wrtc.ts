/**
 * What simple-peer inside y-webrtc takes for WebRTC: an RTCPeerConnection that is one authenticated connection, already
 * open, with the `sync` channel as its only data channel. So y-webrtc meets no peer that has not proved itself, sends no
 * frame that is too large (peer/ splits messages), and never negotiates.
 */

export interface SyncPort {
  readonly bufferedAmount: number;
  /** Takes one y-webrtc message. */
  send(message: Uint8Array): void;
  /** Where checked messages go. */
  deliver: (message: Uint8Array) => void;
  onClose(listener: () => void): void;
}

/** simple-peer's options for a peer over this port. */
export function peerOptionsOver(port: SyncPort): object {
  return {
    wrtc: {
      // simple-peer calls it with `new`; what it gets is the object returned.
      RTCPeerConnection: function () {
        return new ConnectionFacade(port);
      },
      RTCSessionDescription: Object,
      RTCIceCandidate: Object
    },
    // Both explicit: simple-peer's defaults would name public STUN servers and wait for the other side's channel.
    config: { iceServers: [] },
    channelConfig: { negotiated: true, id: 0 }
  };
}

type Handler = ((event: object) => void) | null;

class ConnectionFacade {
  readonly iceConnectionState = 'connected';
  readonly iceGatheringState = 'complete';
  readonly connectionState = 'connected';
  readonly signalingState = 'stable';
  // simple-peer sets and clears these.
  oniceconnectionstatechange: Handler = null;
  readonly #port: SyncPort;

  constructor(port: SyncPort) {
    this.#port = port;
  }

  createDataChannel(): ChannelFacade {
    const channel = new ChannelFacade(this.#port);
    queueMicrotask(() => {
      this.oniceconnectionstatechange?.({});
      channel.onopen?.({});
    });
    return channel;
  }

  /** simple-peer waits for a selected pair before it calls itself connected. */
  getStats(): Promise<object[]> {
    return Promise.resolve([
      { id: 'transport', type: 'transport', selectedCandidatePairId: 'pair' },
      { id: 'pair', type: 'candidate-pair', localCandidateId: 'local', remoteCandidateId: 'remote' }
    ]);
  }

  close(): void {
    // The connection is its owner's to close: y-webrtc only stops using it.
  }
}

class ChannelFacade {
  readonly label = 'sync';
  binaryType = 'arraybuffer';
  bufferedAmountLowThreshold = 0;
  readyState: 'open' | 'closed' = 'open';
  onopen: Handler = null;
  onmessage: Handler = null;
  onclose: Handler = null;
  readonly #port: SyncPort;

  constructor(port: SyncPort) {
    this.#port = port;
    port.deliver = (message) => {
      if (this.readyState === 'open') this.onmessage?.({ data: wholeBuffer(message) });
    };
    port.onClose(() => {
      this.readyState = 'closed';
      this.onclose?.({});
    });
  }

  get bufferedAmount(): number {
    return this.#port.bufferedAmount;
  }

  send(message: Uint8Array): void {
    if (this.readyState === 'open') this.#port.send(message);
  }

  close(): void {
    this.readyState = 'closed';
  }
}

/** simple-peer takes an ArrayBuffer, so a view into a larger one would bring bytes that are not the message's. */
function wholeBuffer(message: Uint8Array): ArrayBufferLike {
  return message.byteLength === message.buffer.byteLength ? message.buffer : message.slice().buffer;
}
