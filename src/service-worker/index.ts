/**
 * Precaches the whole app, answers navigation offline, and adds isolation headers where the host cannot (static
 * hosts), so that workers may share memory.
 */
import { addPlugins, precache, addRoute, createHandlerBoundToURL } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope;
interface PrecacheEntry {
  url: string;
  revision: string | null;
}

const manifest = (globalThis as unknown as { __WB_MANIFEST: PrecacheEntry[] }).__WB_MANIFEST;

addPlugins([
  {
    handlerWillRespond: ({ response }) => {
      const headers = new Headers(response.headers);
      headers.set('Cross-Origin-Opener-Policy', 'same-origin');
      headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
      headers.set('Cross-Origin-Resource-Policy', 'same-origin');
      const { status, statusText } = response;
      return Promise.resolve(new Response(response.body, { status, statusText, headers }));
    }
  }
]);
precache(manifest);
// The navigation route goes first, or `/` would be answered by the precache without the isolation headers.
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html')));
addRoute({ directoryIndex: null, cleanURLs: false } as unknown as Parameters<typeof addRoute>[0]);

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
