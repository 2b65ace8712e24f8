import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { playwright } from '@vitest/browser-playwright';
import { type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { chromiumLaunch } from './tests/chromium.ts';

/** Cross-origin isolation, so that workers may share memory (the node's server sends the same headers). */
const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin'
};

/** `server.headers` does not reach the HTML that kit answers in development; a middleware does. */
function isolateDevelopmentServer(): Plugin {
  return {
    name: 'dendro:isolation-headers',
    configureServer(server) {
      server.middlewares.use((_request, response, next) => {
        for (const [name, value] of Object.entries(isolationHeaders)) response.setHeader(name, value);
        next();
      });
    }
  };
}

/** Generous, so that a busy machine fails no test; what must be fast is measured in bench/. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  plugins: [tailwindcss(), sveltekit(), isolateDevelopmentServer()],
  worker: { format: 'es' },
  // Without the service worker left out, the first use of a worker in development reloads the page.
  optimizeDeps: {
    entries: ['src/**/*.{ts,svelte}', '!src/service-worker/**', '!src/lib/sorting/kernels/assembly/**']
  },
  server: { headers: isolationHeaders },
  test: {
    projects: [
      {
        extends: true,
        test: {
          ...patience,
          name: 'unit',
          environment: 'node',
          include: ['tests/{unit,contract,hostile}/**/*.test.ts']
        }
      },
      {
        extends: true,
        test: {
          ...patience,
          name: 'fuzz',
          environment: 'node',
          include: ['tests/fuzz/**/*.test.ts'],
          // As long as the number of inputs asks for.
          testTimeout: 3_600_000
        }
      },
      {
        extends: true,
        test: {
          ...patience,
          name: 'faults',
          environment: 'node',
          fileParallelism: false,
          include: ['tests/faults/**/*.test.ts']
        }
      },
      {
        extends: true,
        test: {
          ...patience,
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromiumLaunch }),
            instances: [{ browser: 'chromium' }]
          }
        }
      }
    ]
  }
});
