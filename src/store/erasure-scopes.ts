// Which rows an erasure reaches, as conditions: by the id of a prediction, or by a tag that says whose predictions they are.
import type { QueryParams } from './client.js';

/** Conditions over tables, with their parameters. */
export interface ErasureScope {
  /** On rows of `predictions`. */
  predictions: string;
  /** A statement of the prediction ids. */
  ids: string;
  /** On rows of `rejected`: items of these predictions that were refused. */
  rejected: string;
  /** On rows of `inference_halves`. */
  halves: string;
  /** A statement of the models whose baselines may hold copies. */
  models: string;
  params: QueryParams;
  /** Whether the labels of these ids go even where another prediction shares them. */
  withSharedLabels: boolean;
  /** Segments that are these predictions and no others, `tags.user=bob`, of one model. */
  segments: readonly string[];
}

/** A text that is not whole JSON is searched for what would be looked up. */
const BROKEN = '(is_cut = 1 OR NOT isValidJSON(item))';
/** The prediction that an item names, in our words or in Cloudera's. */
const ITEM_ID =
  "if(JSONHas(item, 'prediction_id'), JSONExtractString(item, 'prediction_id'), JSONExtractString(item, 'predictionUuid'))";
/** The request of a logged inference whose instance a prediction is: `<request>#<number>`. */
const requestOf = (column: string): string => `replaceRegexpOne(${column}, '#[0-9]+$', '')`;

/** One id, in every model. `externalId` is empty where the id was sent as a UUID; `idFields`: inputs that a logged inference may take it from. */
export function scopeOfId(id: string, externalId: string, idFields: readonly string[]): ErasureScope {
  const name = externalId === '' ? id : externalId;
  const given = [...new Set([id, name, name.replace(/#\d+$/, '')])];
  const externals = `SELECT external_id FROM predictions WHERE prediction_id = {id:UUID} AND external_id != ''`;
  return {
    predictions: 'prediction_id = {id:UUID}',
    ids: 'SELECT {id:UUID}',
    rejected: `(has({given:Array(String)}, ${ITEM_ID}) OR lower(${ITEM_ID}) = {id_text:String} OR ${ITEM_ID} IN (${externals})
      OR ${BROKEN} AND arrayExists(text -> position(item, concat('"', text, '"')) > 0, {given:Array(String)}))`,
    halves: `(has({given:Array(String)}, request_id) OR request_id IN (SELECT ${requestOf('external_id')} FROM (${externals}))
      ${idFields.length === 0 ? '' : 'OR match(body, {id_pattern:String})'})`,
    models: `SELECT DISTINCT model FROM predictions WHERE prediction_id = {id:UUID}`,
    params: { id, id_text: id, given, ...(idFields.length === 0 ? {} : { id_pattern: patternOf(idFields, given) }) },
    withSharedLabels: true,
    segments: [],
  };
}

/** The predictions of a model that have, or ever had, one of these values of a tag. */
export function scopeOfTag(model: string, key: string, values: readonly string[]): ErasureScope {
  const mine =
    'model = {model:String} AND mapContains(tags, {tag_key:String}) AND has({tag_values:Array(String)}, tags[{tag_key:String}])';
  const externals = `SELECT external_id FROM predictions WHERE ${mine} AND external_id != ''`;
  return {
    predictions: mine,
    ids: `SELECT prediction_id FROM predictions WHERE ${mine}`,
    rejected: `(model = {model:String} AND has({tag_values:Array(String)}, JSONExtractString(item, 'tags', {tag_key:String}))
      OR ${ITEM_ID} != '' AND (lower(${ITEM_ID}) IN (SELECT toString(prediction_id) FROM predictions WHERE ${mine})
        OR ${ITEM_ID} IN (${externals}))
      OR model = {model:String} AND ${BROKEN} AND arrayExists(text -> position(item, concat('"', text, '"')) > 0, {tag_values:Array(String)}))`,
    halves: `model = {model:String} AND request_id IN (SELECT ${requestOf('external_id')} FROM (${externals}))`,
    models: 'SELECT {model:String}',
    params: { model, tag_key: key, tag_values: [...values] },
    withSharedLabels: false,
    segments: values.map((value) => `tags.${key}=${value}`),
  };
}

/** One of some keys with one of some values, a text or a number, in JSON without spaces. */
function patternOf(keys: readonly string[], values: readonly string[]): string {
  const any = (texts: readonly string[]) =>
    texts
      .map((text) =>
        JSON.stringify(text)
          .slice(1, -1)
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('|');
  return `"(${any(keys)})":"?(${any(values)})"?[,}]`;
}
