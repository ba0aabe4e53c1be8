// Test runner configuration: `unit` is pure, `integration` opens the embedded engine in a fork of its own, `e2e` starts processes, `browser` a Chromium.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The embedded engine crashes in worker threads; each file gets its own process and engine.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/golden/**/*.unit.test.ts'],
          testTimeout: 30_000,
          setupFiles: ['test/support/properties.ts'],
          provide: { propertyLimit: 25_000 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/golden/**/*.engine.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          setupFiles: ['test/support/properties.ts'],
          provide: { propertyLimit: 50_000 },
        },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000 },
      },
      {
        extends: true,
        test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 180_000 },
      },
    ],
  },
});
