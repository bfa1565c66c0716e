import { defineConfig } from 'vitest/config';
import { LongFilesFirst } from './scripts/long-files-first.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          testTimeout: 120_000,
          // Left to itself, vitest keeps one core free, which on two is half of them.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      // The rig runs the real command and the real server, and waits for a third of its time: three files at a time keep
      // two cores busy, each with folders and ports of its own.
      {
        test: {
          name: 'rig',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**'],
          testTimeout: 300_000,
          hookTimeout: 180_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          // It imports JSON without saying so, which Node itself refuses.
          server: { deps: { inline: ['@actions/workflow-parser'] } },
        },
      },
      // Suites with real components (PostgreSQL, Docker, nginx, HAProxy); `.ci/run` installs these first. Each file runs
      // many programs: with three files at a time there were fifteen that wanted two cores, and healthchecks timed out.
      {
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          // Keeps one Docker Engine for all files, started when the first asks for it.
          globalSetup: ['test/docker/shared.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          // Of tests that say that they may run beside each other: one for each core.
          maxConcurrency: 2,
        },
      },
    ],
  },
});
