// `npm run migrate`: apply pending schema files and say which.
import pino from 'pino';
import { systemClock } from '../src/clock.js';
import { loadConfig } from '../src/config.js';
import { openContainer } from '../src/container.js';
import { DriftlineError } from '../src/domain/errors.js';

async function main(): Promise<string[]> {
  const container = await openContainer(loadConfig(), {
    clock: systemClock,
    logger: pino({ level: 'warn' }, pino.destination(2)),
  });
  try {
    return await container.migrate();
  } finally {
    await container.close();
  }
}

try {
  const names = await main();
  process.stdout.write(
    names.length === 0 ? 'schema is up to date\n' : `applied:\n${names.map((name) => `  ${name}\n`).join('')}`,
  );
} catch (error) {
  if (!(error instanceof DriftlineError)) throw error;
  process.stderr.write(`${error.detail}\n`);
  process.exitCode = 1;
}
