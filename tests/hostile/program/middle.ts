/**
 * In the middle between any two who meet: with the room's key, which a member's link holds, a signalling server can put
 * certificates of its own into offers and answers, and pass on every byte from one side to the other.
 */
import { type ChannelName, Link } from './link.ts';
import { roomCipher, type Signal } from './room.ts';
import { type HostileSignalling } from './signalling.ts';

interface Pair {
  offerer: string;
  answerer: string;
  toOfferer: Link;
  toAnswerer: Link;
}

export class Middle {
  /** Bytes passed on, by channel. */
  readonly passed: Record<ChannelName, number> = { sync: 0, control: 0, bulk: 0 };
  readonly #server: HostileSignalling;
  readonly #cipher: ReturnType<typeof roomCipher>;
  readonly #pairs = new Map<string, Pair>();

  constructor(server: HostileSignalling, secret: Uint8Array) {
    this.#server = server;
    this.#cipher = roomCipher(secret);
    server.tamper = (data) => this.#tamper(data);
  }

  stop(): void {
    this.#server.tamper = (data) => [data];
    for (const { toOfferer, toAnswerer } of this.#pairs.values()) {
      toOfferer.close();
      toAnswerer.close();
    }
  }

  #tamper(data: string): unknown[] {
    const signal = this.#cipher.open(data);
    if (!signal?.attempt) return [data];
    if (signal.type === 'offer') void this.#stepBetween(signal, signal.attempt);
    const pair = this.#pairs.get(signal.attempt);
    if (signal.type === 'answer') pair?.toAnswerer.acceptAnswer(signal.sdp ?? '');
    if (signal.type === 'candidate') {
      const link = signal.from === pair?.offerer ? pair.toOfferer : pair?.toAnswerer;
      link?.addCandidate(signal.candidate ?? '', signal.mid ?? '');
    }
    return [];
  }

  async #stepBetween({ from, to = '', sdp = '' }: Signal, attempt: string): Promise<void> {
    const [toOfferer, toAnswerer] = [new Link(), new Link()];
    const pair = { offerer: from, answerer: to, toOfferer, toAnswerer };
    this.#pairs.set(attempt, pair);
    const say = (signal: Signal) => this.#server.publish(this.#cipher.seal(JSON.stringify(signal)));
    this.#join(toOfferer, toAnswerer);
    this.#join(toAnswerer, toOfferer);
    toOfferer.pc.onLocalCandidate((candidate, mid) =>
      say({ type: 'candidate', from: to, to: from, attempt, candidate, mid })
    );
    toAnswerer.pc.onLocalCandidate((candidate, mid) =>
      say({ type: 'candidate', from, to, attempt, candidate, mid })
    );
    const answer = toOfferer.answer(sdp);
    const offer = toAnswerer.describe('offer');
    say({ type: 'answer', from: to, to: from, attempt, sdp: await answer });
    say({ type: 'offer', from, to, attempt, sdp: await offer });
  }

  #join(from: Link, to: Link): void {
    from.onRaw = (channel, bytes) => {
      this.passed[channel] += bytes.length;
      void to.opened.then(() => to.sendRaw(channel, bytes));
    };
  }
}
