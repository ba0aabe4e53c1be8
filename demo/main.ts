// `npm run demo`, `driftline demo`: start the service, replay three months of real flights over HTTP, and show what it found.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DemoOptions } from '../src/cli/demo-options.js';
import { type Evidence, type Finding, judge, type Sighting, type StoredPrediction } from './checks.js';
import { Client } from './client.js';
import { type Flight, type FlightSource, openFlights } from './flights.js';
import type { Ledger, Month } from './ledger.js';
import { type MailSink, openMailSink } from './mail-sink.js';
import { trainModels, type TrainedModel, type Version, VERSIONS } from './models.js';
import { makeProgress } from './progress.js';
import { replay, type ReplayResult } from './replay.js';
import { type Alert, readSummary, renderAlerts, renderMails, renderTable } from './report.js';
import { freePort, Service } from './service.js';
import { accuracyFloor, MODEL, setUp } from './setup.js';

const MAIL_WITHIN = 5_000;
const EXPECTED_MAILS = 2;
const FIRING = `/v1/alerts?state=firing&model=${MODEL}`;
const HISTORY_LIMIT = 1_000;
const say = (text: string): void => console.log(text);

/** Things to undo at the end, last first. */
const cleanups: (() => unknown)[] = [];
let ending: Promise<void> | null = null;
/** Ends the calls under way when someone wants the demo to stop. */
const interrupt = new AbortController();

/** Stop everything once, whoever asks first: the end of the demo, an error, or Ctrl-C. */
function cleanUp(): Promise<void> {
  ending ??= (async () => {
    for (const undo of cleanups.reverse()) await undo();
  })();
  return ending;
}

/** The folder for the service's data. @throws Error when a folder to keep is not empty */
function dataFolder(keep: string | undefined): string {
  if (keep === undefined) {
    const folder = mkdtempSync(path.join(tmpdir(), 'driftline-demo-'));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }
  const folder = path.resolve(keep);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new Error(`${folder} is not empty. The demo needs a fresh folder: name a new one, or empty this one.`);
  }
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function readJanuary(source: FlightSource): Promise<Flight[]> {
  const days: Flight[][] = [];
  for (const day of source.januaryDays) days.push(await source.day(day));
  return days.flat();
}

function introduce(source: FlightSource, january: readonly Flight[], trained: Record<Version, TrainedModel>): void {
  const { floor, mean, deviation } = accuracyFloor(january, trained);
  const last = new Date(source.replayDays.at(-1) ?? 0).toISOString().slice(0, 10);
  say(`January 2001 (${january.length} flights) is the baseline; February to ${last} is replayed.`);
  for (const version of VERSIONS) say(`  version ${version}: ${trained[version].model.description}`);
  say(
    'These flights drift little by themselves, so a fault is planted: from 12 to 20 March 2001 `distance` arrives in',
  );
  say('kilometres (x 1.609344). Two rules watch: PSI of every input, and accuracy under');
  say(`${floor} (in January a day has ${mean.toFixed(3)} +- ${deviation.toFixed(3)}); each needs two days in a row.`);
}

/** Note the alerts that fire now and did not before. */
async function look(client: Client, at: number, sightings: Sighting[]): Promise<void> {
  for (const alert of await client.get<Alert[]>(FIRING)) {
    if (!sightings.some((seen) => seen.alert.id === alert.id)) sightings.push({ at, alert });
  }
}

/** Read back from the service everything that is shown and judged. */
async function collect(
  client: Client,
  ledger: Ledger,
  sink: MailSink,
  sightings: readonly Sighting[],
): Promise<Evidence> {
  await sink.settle(EXPECTED_MAILS, MAIL_WITHIN);
  const compare = async (
    version: Version,
    range: Month,
    months?: readonly Month[],
  ): Promise<Evidence['numbers'][number]> => ({
    summary: await readSummary(client, version, range),
    expected: ledger.expected(version, months ?? [range]),
  });
  const numbers: Evidence['numbers'] = [];
  for (const month of ledger.months) for (const version of VERSIONS) numbers.push(await compare(version, month));
  const [first, last] = [ledger.months[0], ledger.months.at(-1)];
  if (first === undefined || last === undefined) throw new Error('Nothing was replayed.');
  const all = { name: `${first.name} to ${last.name}`, from: first.from, to: last.to };
  const samples: Evidence['samples'] = [];
  for (const sample of ledger.samples.values()) {
    samples.push({ sample, stored: await client.get<StoredPrediction>(`/v1/predictions/${sample.id}`) });
  }
  return {
    numbers,
    totals: { '1': await compare('1', all, ledger.months), '2': await compare('2', all, ledger.months) },
    samples,
    mails: sink.mails,
    sightings,
    firing: await client.get<Alert[]>(FIRING),
    history: await client.get<Alert[]>(`/v1/alerts/history?model=${MODEL}&limit=${HISTORY_LIMIT}`),
  };
}

/** Print what was found; the answer is what is wrong. */
async function report(client: Client, evidence: Evidence): Promise<Finding[]> {
  const byVersion = [...evidence.numbers].sort((a, b) => a.summary.version.localeCompare(b.summary.version));
  say(`\n${renderTable(byVersion.map(({ summary }) => summary))}`);
  say(`\nMail\n${renderMails(evidence.mails)}`);
  say(`\nAlerts now\n${renderAlerts(await client.get<Alert[]>(`/v1/alerts?model=${MODEL}`))}`);
  const steps = [...evidence.history].sort((a, b) => a.window_start.localeCompare(b.window_start));
  say(`\nAlert history\n${renderAlerts(steps)}`);
  const findings = judge(evidence);
  const wrong = findings.filter(({ ok }) => !ok);
  say(`\nChecks: ${findings.length - wrong.length} of ${findings.length} as they should be`);
  for (const { ok, what, detail } of findings) if (!ok) say(`  WRONG  ${what}: ${detail}`);
  return wrong;
}

/** Start everything, replay, report. The answer is what is wrong (nothing, hopefully) and where the service runs. */
async function run(options: DemoOptions): Promise<{ wrong: Finding[]; service: Service }> {
  const started = performance.now();
  const dataDir = dataFolder(options.keep);
  const source = await openFlights(options.rows);
  cleanups.push(() => source.close());
  const january = await readJanuary(source);
  const trained = trainModels(january);
  introduce(source, january, trained);

  const clock = { now: 0 };
  const sink = await openMailSink(() => clock.now);
  cleanups.push(() => sink.close());
  const service = await Service.start({ dataDir, port: options.port ?? (await freePort()), smtpUrl: sink.url });
  cleanups.push(() => service.stop());
  say(`The service runs on ${service.url} with its data in ${dataDir}.\n`);

  try {
    const client = new Client(service.url, interrupt.signal);
    await setUp(client, january, trained);
    const progress = makeProgress(process.stdout);
    const sightings: Sighting[] = [];
    let result: ReplayResult;
    try {
      const models = { '1': trained['1'].model, '2': trained['2'].model };
      result = await replay({
        client,
        source,
        models,
        clock,
        onDay: async ({ done, total, day }) => {
          progress.update(done, total, day);
          await look(client, clock.now, sightings);
        },
      });
    } finally {
      progress.stop();
    }
    say(`\n${result.predictions} predictions, ${result.labels} labels, ${result.jobRuns} job runs.`);
    const wrong = await report(client, await collect(client, result.ledger, sink, sightings));
    say(`Took ${((performance.now() - started) / 1000).toFixed(1)} s.`);
    return { wrong, service };
  } catch (error) {
    const words = service.lastWords();
    if (words !== '' && !interrupt.signal.aborted)
      console.error(`\nThe service${service.stopped ? ' has stopped. It' : ''} said last:\n${words}\n`);
    throw error;
  }
}

/** Run the demo; answers the exit code. Without `once` the service keeps running, and with it the process. */
export async function runDemo(options: DemoOptions): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupt.abort();
      void cleanUp().then(() => process.exit(process.exitCode ?? (signal === 'SIGINT' && !finished ? 130 : 0)));
    });
  }
  try {
    const { wrong, service } = await run(options);
    finished = true;
    if (options.once) await cleanUp();
    else say(`\nThe service keeps running on ${service.url} until Ctrl-C.`);
    return wrong.length === 0 ? 0 : 1;
  } catch (error) {
    // After Ctrl-C the calls under way fail: that is no news.
    if (!interrupt.signal.aborted) console.error(error instanceof Error ? error.message : error);
    await cleanUp();
    return 1;
  }
}

/** Whether the replay is over: Ctrl-C then is the normal way to end. */
let finished = false;
