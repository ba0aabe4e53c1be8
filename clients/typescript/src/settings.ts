// The client's options with their defaults, the environment's settings in between.
import type { Platform } from './platform.js';
import type { ClientOptions } from './types.js';

export type Settings = Required<Omit<ClientOptions, 'model' | 'replica' | 'version' | 'deployment'>> & {
  model: string | undefined;
  version: string;
  deployment: string;
  replica: string | undefined;
};

const DEFAULTS = {
  batchSize: 2_000,
  flushInterval: 500,
  maxQueue: 50_000,
  onFull: 'drop',
  spoolLimit: 256 * 1024 * 1024,
  requestTimeout: 10_000,
  exitTimeout: 2_000,
  flushAtExit: true,
  heartbeat: 10_000,
  measure: true,
} as const;

/** What is used. A setting that cannot be used is said once and left at its default: a model must not fail for it. */
export function settingsOf(options: ClientOptions, platform: Platform): Settings {
  const warn = options.warn ?? ((message: string) => console.warn(`driftline: ${message}`));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return {
    ...DEFAULTS,
    spool: platform.setting('DRIFTLINE_SPOOL') ?? null,
    disabled: platform.setting('DRIFTLINE_DISABLED') === '1',
    apiKey: platform.setting('DRIFTLINE_API_KEY') ?? null,
    ...given,
    warn,
    model: options.model ?? platform.setting('DRIFTLINE_MODEL'),
    version: options.version ?? platform.setting('DRIFTLINE_VERSION') ?? '',
    deployment: options.deployment ?? platform.setting('DRIFTLINE_DEPLOYMENT') ?? '',
    replica: options.replica ?? platform.setting('DRIFTLINE_REPLICA') ?? platform.replica(),
    url: addressOf(options.url ?? platform.setting('DRIFTLINE_URL') ?? 'http://127.0.0.1:8080', warn),
  };
}

function addressOf(text: string, warn: (message: string) => void): string {
  if (!/^https?:\/\/[^/]/.test(text) || !URL.canParse(text)) {
    warn(`${text} is not an http or https address: nothing can be sent.`);
  }
  return text.replace(/\/+$/, '');
}
