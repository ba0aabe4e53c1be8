// The doctor: looks at everything that a working service needs and says, one by one, what is wrong and what to do.
import { iso } from '../domain/contract/common.js';
import type { Channel } from '../domain/contract/alerts.js';
import type { DoctorCheck, DoctorReport } from '../domain/contract/doctor.js';
import type { JobInfo } from '../domain/contract/metrics.js';
import { MINUTE_MS } from '../domain/duration.js';
import { DriftlineError } from '../domain/errors.js';
import type { DoctorApi } from './api.js';

/** Below these, a disk is failing or about to; bytes, and shares of the whole. */
const DISK = { failed: 512 * 1024 ** 2, warning: 5 * 1024 ** 3, share: 0.1 };
/** Clocks further apart than this put rows into wrong windows, ms. */
const CLOCK = { failed: 60_000, warning: 2_000 };
/** Jobs run every minute: a schedule that has not ticked for so long stands still, ms. */
const SCHEDULE = 10 * MINUTE_MS;

export interface DoctorPorts {
  engine: () => Promise<{ kind: 'embedded' | 'server'; version: string; now: number }>;
  disks: () => Promise<{ name: string; free: number; total: number }[]>;
  /** The folder in which uploads wait. */
  uploads: () => Promise<{ name: string; free: number; total: number }>;
  ready: () => Promise<boolean>;
  jobs: () => Promise<JobInfo[]>;
  channels: () => Promise<{ name: string; channel: Channel }[]>;
  /** Whether a mail server is set. */
  mailIsSet: boolean;
  /** Greet the mail server, log in, send nothing. @throws Error */
  mail: () => Promise<void>;
  /** Connect to the receiver of a webhook, send nothing. @throws Error */
  reach: (url: string) => Promise<void>;
  clock: () => number;
}

type Verdict = Omit<DoctorCheck, 'check'>;

export class DoctorService implements DoctorApi {
  constructor(private readonly ports: DoctorPorts) {}

  async report(): Promise<DoctorReport> {
    const now = this.ports.clock();
    const checks = (
      await Promise.all([
        this.engine(now),
        this.one('schema', () => this.schema()),
        this.disks(),
        this.one('scheduler', () => this.scheduler(now)),
        this.mailAndChannels(),
      ])
    ).flat();
    const has = (status: DoctorCheck['status']) => checks.some((check) => check.status === status);
    return { status: has('failed') ? 'failed' : has('warning') ? 'warning' : 'ok', now: iso(now), checks };
  }

  private async engine(now: number): Promise<DoctorCheck[]> {
    try {
      const { kind, version, now: theirs } = await this.ports.engine();
      return [
        { check: 'engine', status: 'ok', detail: `ClickHouse ${version}, ${kind}` },
        { check: 'clock', ...clockVerdict(theirs - now) },
      ];
    } catch (error) {
      return [{ check: 'engine', status: 'failed', detail: words(error) }];
    }
  }

  private async schema(): Promise<Verdict> {
    if (await this.ports.ready()) return { status: 'ok', detail: 'up to date' };
    return { status: 'failed', detail: 'The store does not answer or schema files are pending: driftline migrate.' };
  }

  private async disks(): Promise<DoctorCheck[]> {
    const found = await this.one('disk', async () => {
      const disks = await this.ports.disks();
      if (disks.length === 0) return { status: 'warning', detail: 'The engine does not say how much room it has.' };
      return worst(disks.map((disk) => diskVerdict(disk)));
    });
    return [found, await this.one('disk of uploads', async () => diskVerdict(await this.ports.uploads()))];
  }

  private async scheduler(now: number): Promise<Verdict> {
    const jobs = await this.ports.jobs();
    if (!jobs.some((job) => job.scheduled)) return { status: 'off', detail: 'This process runs no jobs by itself.' };
    const runs = jobs.flatMap(({ last_run }) => last_run ?? []);
    const failed = runs.filter((run) => run.status === 'failed');
    if (failed.length > 0) {
      return {
        status: 'failed',
        detail: `The last run of ${failed.map((run) => run.job).join(', ')} failed: GET /v1/job-runs.`,
      };
    }
    const last = Math.max(...runs.map((run) => Date.parse(run.started_at)));
    if (runs.length === 0) return { status: 'warning', detail: 'No job has run yet.' };
    if (now - last > SCHEDULE) {
      return { status: 'warning', detail: `No job has run since ${iso(last)}.` };
    }
    return { status: 'ok', detail: `the last job started at ${iso(last)}` };
  }

  /** Channels of one kind stand and fall with what they go through. */
  private async mailAndChannels(): Promise<DoctorCheck[]> {
    const channels = await this.ports.channels().catch(() => []);
    const mailNeeded = channels.some(({ channel }) => channel.type === 'email');
    const mail = await this.one('mail', () => this.mail(mailNeeded));
    const others = await Promise.all(
      channels.map(({ name, channel }) =>
        this.one(`channel ${name}`, async () => {
          if (channel.type === 'email') return { status: mail.status, detail: `mail to ${channel.to.join(', ')}` };
          await this.ports.reach(channel.url);
          return { status: 'ok', detail: `${new URL(channel.url).host} accepts connections` };
        }),
      ),
    );
    return [mail, ...others];
  }

  private async mail(needed: boolean): Promise<Verdict> {
    if (!this.ports.mailIsSet) {
      return needed
        ? { status: 'failed', detail: 'SMTP_URL is not set, and there are channels that send mail.' }
        : { status: 'off', detail: 'SMTP_URL is not set: no mail is sent.' };
    }
    await this.ports.mail();
    return { status: 'ok', detail: 'the mail server answers' };
  }

  /** A check that cannot be made has failed, and says why. */
  private async one(check: string, look: () => Promise<Verdict>): Promise<DoctorCheck> {
    try {
      return { check, ...(await look()) };
    } catch (error) {
      return { check, status: 'failed', detail: words(error) };
    }
  }
}

function words(error: unknown): string {
  if (error instanceof DriftlineError) return error.detail;
  return error instanceof Error ? error.message : String(error);
}

/** `ahead`: how far the engine's clock is before this process's, ms. */
export function clockVerdict(ahead: number): Verdict {
  const apart = Math.abs(ahead);
  const detail = `the engine's clock and this process's are ${Math.round(apart)} ms apart`;
  if (apart > CLOCK.failed) return { status: 'failed', detail: `${detail}: set them by NTP.` };
  return apart > CLOCK.warning
    ? { status: 'warning', detail: `${detail}: set them by NTP.` }
    : { status: 'ok', detail };
}

/** Sizes in bytes. */
export function diskVerdict({ name, free, total }: { name: string; free: number; total: number }): Verdict {
  const detail = `${name}: ${gib(free)} of ${gib(total)} GiB free`;
  if (free < DISK.failed) return { status: 'failed', detail: `${detail}: make room.` };
  return free < DISK.warning && free < total * DISK.share ? { status: 'warning', detail } : { status: 'ok', detail };
}

const gib = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);

function worst(verdicts: readonly Verdict[]): Verdict {
  const by = (status: Verdict['status']) => verdicts.find((verdict) => verdict.status === status);
  const first = by('failed') ?? by('warning') ?? verdicts[0];
  return { status: first?.status ?? 'ok', detail: verdicts.map((verdict) => verdict.detail).join('; ') };
}
