// What MLflow's registry accepts as names, stages, tags, aliases, versions and sources, with the messages its clients know.
import path from 'node:path/posix';
import { RegistryError } from '../errors.js';
import { STAGES, type Stage } from './model.js';

const MAX_NAME = 200;
const MAX_TAG_KEY = 250;
const MAX_TAG_VALUE = 100_000;
const MAX_ALIAS = 255;
const MAX_TEXT = 100_000;
const MAX_URI = 4_000;
const MAX_RUN_ID = 500;

export const invalidParameter = (message: string): RegistryError =>
  new RegistryError(400, 'INVALID_PARAMETER_VALUE', message);
export const doesNotExist = (message: string): RegistryError =>
  new RegistryError(404, 'RESOURCE_DOES_NOT_EXIST', message);
export const alreadyExists = (message: string): RegistryError =>
  new RegistryError(400, 'RESOURCE_ALREADY_EXISTS', message);

export const missingParameter = (name: string): RegistryError =>
  invalidParameter(
    `Missing value for required parameter '${name}'. See the API docs for more information about request parameters.`,
  );

export const noModel = (name: string): RegistryError => doesNotExist(`Registered Model with name=${name} not found`);
export const noVersion = (name: string, version: number | string): RegistryError =>
  doesNotExist(`Model Version (name=${name}, version=${version}) not found`);

function withinLength(what: string, limit: number, text: string): void {
  if (text.length > limit) throw invalidParameter(`'${what}' exceeds the maximum length of ${limit} characters`);
}

/** @throws RegistryError */
export function checkModelName(name: string, parameter = 'name'): string {
  if (name.trim() === '') throw missingParameter(parameter);
  if (/[/:]/.test(name)) throw invalidParameter(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`);
  withinLength(parameter, MAX_NAME, name);
  checkPlainPath(parameter, name);
  return name;
}

/** The number of a version given as text. @throws RegistryError */
export function versionNumber(text: string): number {
  const trimmed = text.trim();
  if (!/^[-+]?\d{1,15}$/.test(trimmed))
    throw invalidParameter(`Parameter 'version' must be an integer, got '${text}'.`);
  return Number(trimmed);
}

/** The stage as it is written in answers; case does not matter. @throws RegistryError */
export function canonicalStage(text: string): Stage {
  const found = STAGES.find((stage) => stage.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw invalidParameter(`Invalid Model Version stage: ${text}. Value must be one of ${STAGES.join(', ')}.`);
}

/** A name must not change when it is read as a path: MLflow keeps models and tags as files in some stores. @throws RegistryError */
function checkPlainPath(parameter: string, name: string): void {
  const normal = path.normalize(name).replace(/(?<=.)\/$/, '');
  if (normal === name && normal !== '.' && !normal.startsWith('..') && !normal.startsWith('/')) return;
  throw invalidParameter(
    `Invalid value ${JSON.stringify(name)} for parameter '${parameter}' supplied: Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${normal}'`,
  );
}

/** @throws RegistryError */
export function checkTagKey(key: string): void {
  if (key === '') throw missingParameter('key');
  withinLength('key', MAX_TAG_KEY, key);
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(key)) {
    throw invalidParameter(
      `Invalid value ${JSON.stringify(key)} for parameter 'key' supplied: Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
    );
  }
  checkPlainPath('key', key);
}

/** @throws RegistryError */
export function checkTag(key: string, value: string): void {
  checkTagKey(key);
  withinLength('value', MAX_TAG_VALUE, value);
}

/** An alias that is asked for; `latest` may be. @throws RegistryError */
export function checkAliasForm(alias: string): string {
  if (alias === '') throw invalidParameter('Registered model alias name cannot be empty.');
  if (!/^[\p{L}\p{N}_-]*$/u.test(alias)) {
    throw invalidParameter(
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
    );
  }
  withinLength('Registered model alias name', MAX_ALIAS, alias);
  return alias;
}

export const isLatest = (alias: string): boolean => alias.toLowerCase() === 'latest';

/** An alias that is given or taken away. @throws RegistryError */
export function checkAlias(alias: string): string {
  checkAliasForm(alias);
  if (isLatest(alias)) {
    throw invalidParameter("'latest' alias name (case insensitive) is reserved.");
  }
  if (/^[vV]\d+$/.test(alias)) throw invalidParameter(`Version alias name '${alias}' is reserved.`);
  return alias;
}

/** @throws RegistryError */
export function checkText(parameter: string, text: string, limit = MAX_TEXT): string {
  withinLength(parameter, limit, text);
  return text;
}

export const badSource = (source: string, why: string): RegistryError =>
  invalidParameter(`Invalid model version source: '${source}'. ${why}`);

function decoded(text: string): string {
  let current = text;
  for (let turn = 0; turn < 10; turn += 1) {
    let next: string;
    try {
      next = decodeURIComponent(current);
    } catch {
      return current;
    }
    if (next === current) return current;
    current = next;
  }
  return current;
}

/** What MLflow's clients send as the source of a prompt: its text is in a tag. */
const PROMPT_SOURCES = ['prompt-template', 'dummy-source'];

/**
 * A source as MLflow takes it: a URI with a scheme and without `..`. A local path is refused: no run of this server has an artifact folder that
 * could contain it. @throws RegistryError
 */
export function checkSource(source: string, isPrompt: boolean): string {
  if (source === '') throw missingParameter('source');
  if (isPrompt && PROMPT_SOURCES.includes(source)) return source;
  withinLength('source', MAX_URI, source);
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]+):/.exec(source)?.[1]?.toLowerCase() ?? '';
  if (scheme === '' || scheme === 'file') {
    throw badSource(
      source,
      'To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.',
    );
  }
  const plain = decoded(source);
  if (plain.includes('\0') || plain.split(/[/\\]/).includes('..')) {
    throw badSource(
      source,
      'If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.',
    );
  }
  return source;
}

/** The id of a logged model, whose files its tracking server knows, that a source `models:/m-...` names, or null. */
export function loggedModelOf(source: string): string | null {
  return /^models:\/+(m-[A-Za-z0-9_-]+)$/.exec(source)?.[1] ?? null;
}

/** The version or alias that a source `models:/name/3`, `models:/name@champion` or `models:/name/Production` names, or null. */
export function modelUri(source: string): { name: string; suffix: string; byAlias: boolean } | null {
  const body = /^models:(?:\/|\/{3})?([^/].*)$/.exec(source)?.[1];
  if (body === undefined) return null;
  const slash = /^([^/@:]+)\/([^/@]+)$/.exec(body);
  if (slash !== null) return { name: decoded(slash[1] ?? ''), suffix: decoded(slash[2] ?? ''), byAlias: false };
  const at = /^([^/@:]+)@([^/@]+)$/.exec(body);
  return at === null ? null : { name: decoded(at[1] ?? ''), suffix: decoded(at[2] ?? ''), byAlias: true };
}

/** @throws RegistryError */
export function checkRunId(runId: string): string {
  return checkText('run_id', runId, MAX_RUN_ID);
}

/** @throws RegistryError */
export function checkRunLink(link: string): string {
  return checkText('run_link', link, MAX_URI);
}
