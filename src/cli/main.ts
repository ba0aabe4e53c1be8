// The command line: `npx driftline`. Exit codes: 0 done, 1 refused or something is wrong, 2 wrong usage, 3 nothing answers.
import { runCli } from './program.js';

// `npx driftline ... | head`: a reader that has seen enough is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCli(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
