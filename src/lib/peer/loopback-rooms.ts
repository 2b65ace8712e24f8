/** Which rooms a node serves to pages on its own machine: project syncs and pairings register theirs. */
import { type PeerTransport } from './transport.ts';

export type AcceptLoopback = (transport: PeerTransport) => void;

export class LoopbackRooms {
  readonly #rooms = new Map<string, AcceptLoopback>();

  /** @returns takes the room away again */
  register(room: string, accept: AcceptLoopback): () => void {
    this.#rooms.set(room, accept);
    return () => {
      if (this.#rooms.get(room) === accept) this.#rooms.delete(room);
    };
  }

  find(room: string): AcceptLoopback | undefined {
    return this.#rooms.get(room);
  }
}
