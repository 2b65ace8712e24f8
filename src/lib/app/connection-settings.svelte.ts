/**
 * How this device gets through to its peers: its STUN and TURN servers. Kept on this device alone: with its passwords it
 * goes into no project, link or export.
 */
import { browserRtc } from '#lib/peer/browser-rtc.ts';
import { checkIceServer, type IceCheck } from '#lib/peer/ice-check.ts';
import {
  directOnly,
  type IceServer,
  type IceSettings,
  parseIceSettings,
  problemOfServer,
  problemOfSettings,
  rtcOptionsOf
} from '#lib/peer/ice-settings.ts';
import { type RtcFactory } from '#lib/peer/transport.ts';
import { type DendroDatabase } from '#lib/storage/database.ts';
import { watchQuery } from '#lib/storage/watch-query.ts';

const settingKey = 'ice';

export { type IceCheck, type IceServer, type IceSettings, problemOfServer, problemOfSettings };

export class ConnectionSettings {
  #database: DendroDatabase | undefined;
  #ice = $state.raw<IceSettings>(directOnly);

  get ice(): IceSettings {
    return this.#ice;
  }
  get rtc(): RtcFactory {
    return browserRtc(rtcOptionsOf(this.#ice));
  }

  async load(database: DendroDatabase): Promise<void> {
    this.#database = database;
    this.#ice = await readSettings(database);
  }

  /** @throws TaggedError `ice-invalid` */
  async save(settings: IceSettings): Promise<void> {
    const ice = parseIceSettings(settings);
    await this.#database?.settings.put({ key: settingKey, value: ice });
    this.#ice = ice;
  }

  /** Follows what other tabs set. @param onChange called where it differs from what this tab knows */
  follow(database: DendroDatabase, onChange: () => void): () => void {
    return watchQuery(
      () => readSettings(database),
      (ice) => {
        if (JSON.stringify(ice) === JSON.stringify(this.#ice)) return;
        this.#ice = ice;
        onChange();
      }
    );
  }

  /** Asks a server for what it is there for. */
  check(server: IceServer): Promise<IceCheck> {
    return checkIceServer(server);
  }
}

/** What is stored and cannot be read, of an older version say, counts as none. */
async function readSettings(database: DendroDatabase): Promise<IceSettings> {
  const stored = (await database.settings.get(settingKey))?.value;
  if (stored === undefined) return directOnly;
  try {
    return parseIceSettings(stored);
  } catch {
    return directOnly;
  }
}
