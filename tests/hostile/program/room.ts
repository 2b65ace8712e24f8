/** The signalling of a room: topic and key from the project's secret, messages sealed with AES-GCM. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { hkdf } from './fields.ts';

export interface Signal {
  type: 'announce' | 'want' | 'offer' | 'answer' | 'candidate' | 'bye';
  from: string;
  to?: string;
  attempt?: string;
  sdp?: string;
  candidate?: string;
  mid?: string;
  seen?: string;
}

/** Where the members of a project meet. */
export function roomOf(secret: Uint8Array): { name: string; key: Buffer } {
  const scope = 'epoch 0';
  return {
    name: hkdf(secret, `dendro/room/1 ${scope}`, 20).toString('base64url'),
    key: hkdf(secret, `dendro/signal/1 ${scope}`, 32)
  };
}

/** Seals and opens what is said in a room. */
export function roomCipher(secret: Uint8Array) {
  const { key } = roomOf(secret);
  return {
    seal(text: string): string {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const sealed = [iv, cipher.update(text), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(sealed).toString('base64url');
    },
    open(data: string): Signal | undefined {
      const bytes = Buffer.from(data, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
        decipher.setAuthTag(bytes.subarray(-16));
        const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
        return JSON.parse(String(text)) as Signal;
      } catch {
        return undefined;
      }
    }
  };
}

export class Room {
  readonly name: string;
  readonly #cipher: ReturnType<typeof roomCipher>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, secret: Uint8Array) {
    this.#socket = socket;
    this.name = roomOf(secret).name;
    this.#cipher = roomCipher(secret);
  }

  static async enter(url: string, secret: Uint8Array, onSignal: (signal: Signal) => void): Promise<Room> {
    const socket = new WebSocket(url);
    const room = new Room(socket, secret);
    socket.on('error', () => undefined);
    socket.on('message', (text) => {
      const { type, data } = JSON.parse(String(text)) as { type: string; data?: string };
      const signal = type === 'publish' && data ? room.#cipher.open(data) : undefined;
      if (signal) onSignal(signal);
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'subscribe', topics: [room.name] }));
    return room;
  }

  say(signal: Signal): void {
    const data = this.#cipher.seal(JSON.stringify(signal));
    this.#socket.send(JSON.stringify({ type: 'publish', topic: this.name, data }));
  }

  leave(): void {
    this.#socket.terminate();
  }
}
