/** The parts of y-webrtc 10.3 that are used; its own types are not reachable under its `exports`. */
declare module 'y-webrtc' {
  import { type Awareness } from 'y-protocols/awareness';
  import { type Doc } from 'yjs';

  export interface Room {
    bcconnected: boolean;
    readonly webrtcConns: Map<string, WebrtcConn>;
  }

  export class WebrtcProvider {
    constructor(roomName: string, doc: Doc, options: ProviderOptions);
    readonly key: PromiseLike<unknown>;
    readonly room: Room | null;
    readonly awareness: Awareness;
    peerOpts: object;
    disconnect(): void;
    destroy(): void;
  }

  export interface ProviderOptions {
    readonly signaling: string[];
    readonly awareness: Awareness;
    readonly maxConns: number;
    readonly filterBcConns: boolean;
    readonly peerOpts: object;
  }

  export class WebrtcConn {
    constructor(signalingConn: null, initiator: boolean, remotePeerId: string, room: Room);
    readonly synced: boolean;
    destroy(): void;
  }
}
