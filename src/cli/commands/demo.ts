// `driftline demo`: real flights of 2001 replayed through the service, with a fault planted in March.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { StartupError } from '../../domain/errors.js';
import { packageRoot } from '../../package-root.js';
import type { Context } from '../context.js';
import { demoOptions, type DemoOptions } from '../demo-options.js';

/** The command. The demo is part of the source: its flights come with the development packages. */
export function addDemo(program: Command, context: Context): void {
  demoOptions(program.command('demo')).action(async (options: DemoOptions) => {
    const file = path.join(packageRoot(), 'demo/main.ts');
    if (!existsSync(file)) {
      throw new StartupError(
        'The demo is not part of a built package: run `npm ci && npm run demo` in a clone of the source.',
      );
    }
    const { runDemo } = (await import(pathToFileURL(file).href)) as {
      runDemo: (options: DemoOptions) => Promise<number>;
    };
    context.exitCode = await runDemo(options);
  });
}
