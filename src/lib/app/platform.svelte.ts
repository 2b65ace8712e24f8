/**
 * What the browser gives the app: a secure context, cross-origin isolation, the service worker, and the offer to be
 * installed.
 */
import { Workbox } from 'workbox-window';
import { appContext } from './context.ts';
import { holdsSecret } from './link-fragment.ts';

interface InstallPrompt extends Event {
  prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }>;
}
const reloadGuard = 'dendro:isolation-reload';
/** So long a first visit's page has computer and network for itself, before the whole app is fetched for later. */
const firstPageMs = 3000;

export class Platform {
  #installPrompt = $state.raw<InstallPrompt | undefined>(undefined);
  #updateReady = $state(false);
  #online = $state(navigator.onLine);
  #workbox: Workbox | undefined;
  /** The service worker has taken over, and the next load is isolated. */
  #isolationReady = false;

  get installable(): boolean {
    return this.#installPrompt !== undefined;
  }
  /** A newer build has been fetched and takes over with the next load. */
  get updateReady(): boolean {
    return this.#updateReady;
  }
  get online(): boolean {
    return this.#online;
  }

  /** Listens to the browser. Returns the cleanup. */
  watch(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const offer = (event: Event): void => {
      event.preventDefault();
      this.#installPrompt = event as InstallPrompt;
    };
    window.addEventListener('beforeinstallprompt', offer, { signal });
    window.addEventListener('appinstalled', () => (this.#installPrompt = undefined), { signal });
    window.addEventListener('online', () => (this.#online = true), { signal });
    window.addEventListener('offline', () => (this.#online = false), { signal });
    return () => stop.abort();
  }

  async install(): Promise<void> {
    const prompt = this.#installPrompt;
    if (!prompt) throw new Error('the browser does not offer to install the app now');
    const { outcome } = await prompt.prompt();
    if (outcome === 'accepted') this.#installPrompt = undefined;
  }

  /**
   * Registers the service worker. On a static host it brings the isolation headers, from the next load on: that load
   * is done once by itself, where it loses nothing.
   */
  async registerServiceWorker(): Promise<void> {
    if (!('serviceWorker' in navigator)) return;
    this.#workbox = new Workbox('/service-worker.js');
    this.#workbox.addEventListener('installed', (event) => {
      if (event.isUpdate) this.#updateReady = true;
    });
    if (crossOriginIsolated && !navigator.serviceWorker.controller)
      await new Promise((resolve) => setTimeout(resolve, firstPageMs));
    await this.#workbox.register();
    if (crossOriginIsolated) {
      sessionStorage.removeItem(reloadGuard);
      return;
    }
    if (sessionStorage.getItem(reloadGuard)) return;
    await this.#workbox.controlling;
    this.#isolationReady = true;
    this.isolate(location.pathname);
  }

  /** Loads the page anew if that brings isolation, unless a link's secret would be lost by it. */
  isolate(pathname: string): void {
    if (!this.#isolationReady || holdsSecret(pathname)) return;
    sessionStorage.setItem(reloadGuard, '1');
    location.reload();
  }
}

export const platformContext = appContext<Platform>('Platform');
