// Wires the doctor: the engine's own facts, the disk of uploads, the mail server, and the receivers of webhooks.
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Config } from '../config.js';
import { HttpSender } from '../notify/http-sender.js';
import { MailSender } from '../notify/mail.js';
import type { AlertsService } from '../services/alerts.js';
import { DoctorService } from '../services/doctor.js';
import type { JobsService } from '../services/jobs.js';
import { EngineFacts } from '../store/engine-facts.js';
import type { Tables } from '../store/tables.js';

export function wireDoctor(
  tables: Tables,
  services: { jobs: JobsService; alerts: AlertsService },
  config: Config,
  clock: () => number,
): DoctorService {
  const facts = new EngineFacts(tables.store);
  const mail = new MailSender({ smtpUrl: config.smtpUrl, from: config.mailFrom });
  const http = new HttpSender({ allowPrivate: config.allowPrivateWebhooks });
  return new DoctorService({
    engine: () => facts.version(),
    disks: () => facts.disks(),
    uploads: async () => {
      const { bavail, blocks, bsize } = await statfs(tmpdir());
      return { name: tmpdir(), free: bavail * bsize, total: blocks * bsize };
    },
    ready: () => tables.ready(),
    jobs: () => services.jobs.list(),
    channels: () => services.alerts.listChannels(),
    mailIsSet: config.smtpUrl !== null,
    mail: () => mail.verify(),
    reach: (url) => http.reach(url),
    clock,
  });
}
