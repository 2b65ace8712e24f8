/** The node's pairing links: each works once, for a quarter of an hour, and makes who uses it an owner. */
import { fromBase64Url, toBase64Url } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { formatPairingLink } from '#lib/identity/links.ts';
import { type ServePairingOptions, servePairing, type PairingService } from '#lib/sync/pairing.ts';

const validMs = 15 * 60 * 1000;
/** Links whose rooms stay open, so that a used or expired one is refused with the reason. */
const keptLinks = 20;

export interface PairingLinksOptions extends Omit<ServePairingOptions, 'secret' | 'expires'> {
  /** Address of the app in the link, such as http://localhost:4317. */
  origin: string;
  fingerprint: string;
  /** Signalling addresses in the link; `signalling` is where the node itself goes. */
  advertised: readonly string[];
}

export class PairingLinks {
  readonly #options: PairingLinksOptions;
  readonly #services: PairingService[] = [];

  constructor(options: PairingLinksOptions) {
    this.#options = options;
  }

  /** A new link; earlier ones stay valid for their time. */
  async create(): Promise<string> {
    const { origin, fingerprint, advertised, ...options } = this.#options;
    const secret = toBase64Url(randomBytes(16));
    const expires = Date.now() + validMs;
    this.#services.push(await servePairing({ ...options, secret: fromBase64Url(secret), expires }));
    await Promise.all(this.#services.splice(0, this.#services.length - keptLinks).map((old) => old.close()));
    return formatPairingLink(origin, {
      v: 1,
      node: options.identity.device,
      fingerprint,
      signalling: [...advertised],
      secret,
      expires
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.splice(0).map((service) => service.close()));
  }
}
