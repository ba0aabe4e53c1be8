// Mail servers as they are: with TLS and a login, with a wrong password, with a certificate that is not trusted, with a name that is not there.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AlertRig } from '../../support/alert-rig.js';
import { Mailbox } from '../../support/mailbox.js';

const mailbox = new Mailbox();
let rig: AlertRig;
const trusting = '?tls.rejectUnauthorized=false';
const at = (login: string, query = trusting): string => `smtps://${login}@127.0.0.1:${mailbox.port}/${query}`;

beforeAll(async () => {
  mailbox.user = 'driftline';
  await mailbox.open();
  rig = await new AlertRig({ smtpUrl: at('driftline:secret') }).open();
  await rig.channel('ops', { type: 'email', to: ['ops@example.org'] });
});

afterAll(async () => {
  await rig.close();
  await mailbox.close();
});

/** A model whose rule fires now, sent through a mail server. */
async function firing(model: string, smtpUrl: string) {
  await rig.restart({ smtpUrl });
  for (const { name } of await rig.service.listRules()) await rig.service.removeRule(name);
  await rig.rule(model, { model });
  await rig.daily({ model, metric: 'psi', feature: 'inputs.x' }, [0.5, 0.5]);
  mailbox.mails.length = 0;
  const { errors } = await rig.evaluate(2);
  const [log] = await rig.service.notifications({ model, limit: 1 });
  return { errors, log };
}

it('sends through TLS with a login', async () => {
  const { errors, log } = await firing('secure', at('driftline:secret'));
  expect(errors).toEqual([]);
  expect(mailbox.mails).toHaveLength(1);
  expect(log).toMatchObject({ outcome: 'sent', attempts: 1 });
});

it.each([
  ['a wrong password', () => at('driftline:wrong'), 1, /wrong password|Invalid login/i],
  ['a certificate that is not trusted', () => at('driftline:secret', ''), 3, /certificate/i],
  ['a server that does not speak TLS there', () => `smtp://127.0.0.1:${mailbox.port}`, 3, /./],
  ['a name that is not there', () => 'smtp://mail.example.invalid:25', 3, /ENOTFOUND|EAI_AGAIN|getaddrinfo/],
])('records %s, shows it, and sends when it is put right', async (what, url, attempts, error) => {
  const model = what.replaceAll(' ', '-');
  const { errors, log } = await firing(model, url());
  expect(errors).toHaveLength(1);
  expect(mailbox.mails).toHaveLength(0);
  expect(log).toMatchObject({ outcome: 'failed', attempts, kind: 'firing' });
  expect(log?.error).toMatch(error);
  // The password is nobody's business.
  expect(JSON.stringify([errors, log])).not.toMatch(/driftline:(wrong|secret)/);
  expect(await rig.service.alerts({ state: 'firing', model })).toHaveLength(1);
  await rig.restart({ smtpUrl: at('driftline:secret') });
  expect((await rig.evaluate(2)).errors).toEqual([]);
  expect(mailbox.mails).toHaveLength(1);
  expect(mailbox.mails[0]?.messageId).toBe(log?.message_id);
});
