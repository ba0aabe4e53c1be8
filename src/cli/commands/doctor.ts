// `driftline doctor`: engine, disk, clock, mail, channels, and what this machine brings along.
import type { Command } from 'commander';
import { systemClock } from '../../clock.js';
import { notificationSchema } from '../../domain/contract/alerts.js';
import { doctorReportSchema, type DoctorCheck } from '../../domain/contract/doctor.js';
import type { Api } from '../api.js';
import type { Context } from '../context.js';

const [MAJOR, MINOR] = [20, 19];
/** Further apart than this, `--from` and `--now` of this machine mean something else to the service, ms. */
const CLOCK_MS = 2_000;

/** The command. */
export function addDoctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('check engine, disk, clock, scheduler, mail and channels; exit code 1 where something fails')
    .option('--send', 'send a test notification through every channel')
    .addHelpText('after', '\nExamples:\n  $ driftline doctor\n  $ driftline doctor --send --json')
    .action(async (flags: { send?: boolean }, command: Command) => {
      const api = await context.api(command);
      const report = await api.get('/v1/doctor', doctorReportSchema);
      const checks = [runtime(), apart(Date.parse(report.now)), ...report.checks];
      if (flags.send === true) checks.push(...(await sendAll(api, report.checks)));
      const failed = checks.some((check) => check.status === 'failed');
      const output = context.output(command);
      if (output.json) output.value({ ...report, status: failed ? 'failed' : report.status, checks });
      else
        output.rows(
          checks.map((check) => ({ ...check, status: check.status.toUpperCase() })),
          ['status', 'check', 'detail'],
        );
      if (failed) context.exitCode = 1;
    });
}

function runtime(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const old = major < MAJOR || (major === MAJOR && minor < MINOR);
  return {
    check: 'node',
    status: old ? 'failed' : 'ok',
    detail: `Node.js ${process.versions.node}${old ? `: ${MAJOR}.${MINOR} or newer is needed` : ''}`,
  };
}

/** The service's clock against this machine's; the answer took a moment to come. */
function apart(theirs: number): DoctorCheck {
  const ms = Math.abs(systemClock() - theirs);
  const detail = `the service's clock and this machine's are ${ms} ms apart`;
  return { check: 'clock of this machine', status: ms > CLOCK_MS ? 'warning' : 'ok', detail };
}

async function sendAll(api: Api, checks: readonly DoctorCheck[]): Promise<DoctorCheck[]> {
  const sent: DoctorCheck[] = [];
  for (const { check } of checks.filter(({ check }) => check.startsWith('channel '))) {
    const name = check.slice('channel '.length);
    const answer = await api.send('POST', `/v1/channels/${encodeURIComponent(name)}/test`, notificationSchema);
    const ok = answer.outcome === 'sent';
    sent.push({
      check: `test of ${name}`,
      status: ok ? 'ok' : 'failed',
      detail: ok ? 'sent' : (answer.error ?? 'not sent'),
    });
  }
  return sent;
}
