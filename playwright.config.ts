import { defineConfig } from '@playwright/test';
import { chromiumLaunch } from './tests/chromium.ts';

// DENDRO_TRACE=1 keeps a trace of what failed; recording it costs a fifth of the time.
// DENDRO_RETRIES=1, as .ci/run has it, tries once more what failed; the counts name it all the same.
// The node process under test is started by the fixtures in tests/e2e, one per test file, on a free port.
export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: 'test-results',
  workers: 2,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  retries: Number(process.env.DENDRO_RETRIES ?? 0),
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['json', { outputFile: process.env.PLAYWRIGHT_JSON ?? 'test-results/e2e.json' }]],
  use: {
    browserName: 'chromium',
    launchOptions: chromiumLaunch,
    // What fades from one colour to another would be judged half-way.
    contextOptions: { reducedMotion: 'reduce' },
    trace: process.env.DENDRO_TRACE === '1' ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure'
  }
});
