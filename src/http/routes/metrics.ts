// Computed numbers: series, distributions for plots, confusion matrices.
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import {
  calibrationSchema,
  confusionSchema,
  distributionSchema,
  metricPointSchema,
  rangeNumberSchema,
  rocSchema,
} from '../../domain/contract/metrics.js';
import { metricNameProblem } from '../../domain/alerts/metric-names.js';
import { negotiate } from '../negotiate.js';
import { parquetOf } from '../parquet.js';
import { CSV, JSON_TYPE, PARQUET, forms, json, problemAnswer } from '../schemas/answers.js';
import {
  RANGE_ERROR,
  isForward,
  modelParams,
  optionalChoice,
  optionalDeployment,
  optionalText,
  optionalTime,
  optionalVersion,
  optionalWindow,
  repeatable,
  requiredTime,
} from '../schemas/query.js';
import type { App, RouteContext } from '../types.js';

const COLUMNS = Object.keys(metricPointSchema.shape);
/** Without those that only a comparison fills. */
const PLAIN_COLUMNS = Object.entries(metricPointSchema.shape)
  .filter(([, field]) => field.type !== 'optional')
  .map(([name]) => name);
const NO_MODEL = problemAnswer('There is no such model.');

/** Empty is the whole model. */
const anySegment = z
  .string()
  .max(2000)
  .describe('`path=value`; empty for the whole model')
  .optional()
  .transform((text) => text ?? null);

const metricNames = repeatable('a metric, such as psi; repeat it for several').superRefine((names, context) => {
  for (const name of names) {
    const message = metricNameProblem(name);
    if (message !== null) context.addIssue({ code: 'custom', message });
  }
});
const STORED = optionalChoice(['stored'], '`stored`: add up what is kept of computed windows instead of counting rows');

const metricsQuery = z
  .strictObject({
    metric: metricNames,
    feature: repeatable('a field, such as inputs.age; repeat it for several'),
    version: optionalVersion,
    deployment: optionalDeployment,
    segment: anySegment,
    from: optionalTime('windows that start at or after this time'),
    to: optionalTime('windows that start before this time'),
    window: optionalWindow,
    compare: optionalText('another version: adds the difference of `version` from it, with interval and p-value'),
    baseline: optionalText('a baseline by name, to compute drift against instead of the one in force'),
  })
  .refine(isForward, RANGE_ERROR)
  .refine((query) => query.window !== 'range' || (query.from !== null && query.to !== null), {
    path: ['window'],
    message: '`range` needs both from and to',
  });

const rangeQuery = {
  from: requiredTime('the start of the range'),
  to: requiredTime('the end of the range, exclusive'),
  version: optionalVersion,
  segment: anySegment,
};
const curveQuery = z
  .strictObject({
    ...rangeQuery,
    class: optionalText('of a multiclass model: the class to hold against the rest'),
  })
  .refine(isForward, RANGE_ERROR);
const NO_SCORE = problemAnswer('The model has no score, or several classes and none was named.');

/** Reading what the jobs computed. */
export function metricRoutes(app: App, { services }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/models/:model/metrics',
    config: {
      scope: 'read',
      slow: true,
      docs: {
        response: {
          200: forms('Oldest first.', z.array(metricPointSchema), [CSV, PARQUET]),
          404: NO_MODEL,
          406: problemAnswer('A form that is not available.'),
        },
      },
    },
    schema: {
      tags: ['metrics'],
      summary: 'Computed numbers, with their intervals',
      description:
        'Every filter is optional. `window` computes on request, from rows, or from kept counts where rows have expired. `orphan_labels` is counted only where `metric` names it. With `compare`, shares are tested by McNemar where both versions predicted the same ids, else by two proportions; other numbers by their standard errors; drift numbers are of the one version against the other. Available as JSON, CSV and Parquet.',
      params: modelParams,
      querystring: metricsQuery,
    },
    handler: async (request, reply) => {
      const type = negotiate(request.headers.accept, [JSON_TYPE, CSV, PARQUET]);
      const { metric, feature, ...filter } = request.query;
      const points = await services.metrics.read(request.params.model, {
        ...filter,
        metrics: metric,
        features: feature,
      });
      if (type === JSON_TYPE) return reply.send(points);
      if (type === PARQUET) return reply.type(PARQUET).send(parquetOf(points));
      const columns = filter.compare === null ? PLAIN_COLUMNS : COLUMNS;
      return reply.type(CSV).send(stringify(points, { header: true, columns }));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/distribution',
    config: { scope: 'read', slow: true, docs: { response: { 404: NO_MODEL } } },
    schema: {
      tags: ['metrics'],
      summary: 'A field in the baseline and now, in the same bins',
      params: modelParams,
      description:
        'Where the rows of a part of the range have expired, that part is what the jobs kept of its windows: then only whole windows of the model count.',
      querystring: z
        .strictObject({
          feature: z.string().min(1).max(500).describe('a field, such as inputs.age'),
          ...rangeQuery,
          over: optionalChoice(['time'], '`time`: also the counts of each window of the model'),
          counts: STORED,
        })
        .refine(isForward, RANGE_ERROR),
      response: { 200: json('Counts a bin.', distributionSchema) },
    },
    handler: async (request, reply) => {
      const { over, counts, ...query } = request.query;
      return reply.send(
        await services.metrics.distribution(request.params.model, {
          ...query,
          overTime: over === 'time',
          stored: counts === 'stored',
        }),
      );
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/confusion',
    config: { scope: 'read', slow: true, docs: { response: { 404: NO_MODEL } } },
    schema: {
      tags: ['metrics'],
      summary: 'The confusion matrix of a range',
      params: modelParams,
      description:
        '`counts=stored` is for binary models: the matrix of the whole computed windows that start in the range, from their stored precision, recall and specificity. What is not the positive label is then `not <label>`.',
      querystring: z.strictObject({ ...rangeQuery, counts: STORED }).refine(isForward, RANGE_ERROR),
      response: { 200: json('`counts[i][j]`: label i predicted as j.', confusionSchema) },
    },
    handler: async (request, reply) => {
      const { counts, ...query } = request.query;
      return reply.send(
        await services.metrics.confusion(request.params.model, { ...query, stored: counts === 'stored' }),
      );
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/summary',
    config: { scope: 'read', docs: { response: { 404: NO_MODEL } } },
    schema: {
      tags: ['metrics'],
      summary: 'One number a metric and version over a range, from stored windows',
      description:
        'Counts are added, maxima kept, everything else is weighted by its rows: exact for shares such as accuracy, for others the mean of the windows. Intervals come from those of the windows. Rows are not read; `GET .../metrics?window=range` counts them.',
      params: modelParams,
      querystring: z
        .strictObject({
          metric: metricNames.refine((names) => names.length > 0, 'name at least one metric'),
          version: optionalVersion,
          from: requiredTime('windows that start at or after this time'),
          to: requiredTime('windows that start before this time'),
        })
        .refine(isForward, RANGE_ERROR),
      response: { 200: json('The numbers.', z.array(rangeNumberSchema)) },
    },
    handler: async (request, reply) => {
      const { metric: metrics, ...query } = request.query;
      return reply.send(await services.metrics.summary(request.params.model, { ...query, metrics }));
    },
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/calibration',
    config: { scope: 'read', slow: true, docs: { response: { 400: NO_SCORE, 404: NO_MODEL } } },
    schema: {
      tags: ['metrics'],
      summary: 'How often what a score promised came true',
      description:
        'Ten bins of equal count by score, each with the observed share of the positive class and its 95 % interval.',
      params: modelParams,
      querystring: curveQuery,
      response: { 200: json('The bins, lowest scores first.', calibrationSchema) },
    },
    handler: async (request, reply) =>
      reply.send(await services.metrics.calibration(request.params.model, request.query)),
  });

  app.route({
    method: 'GET',
    url: '/v1/models/:model/roc',
    config: { scope: 'read', slow: true, docs: { response: { 400: NO_SCORE, 404: NO_MODEL } } },
    schema: {
      tags: ['metrics'],
      summary: 'The ROC curve of a range, at most 200 points',
      description: 'Each point is exact; of more thresholds, those are kept that divide the curve evenly.',
      params: modelParams,
      querystring: curveQuery,
      response: { 200: json('From the highest threshold down.', rocSchema) },
    },
    handler: async (request, reply) => reply.send(await services.metrics.roc(request.params.model, request.query)),
  });
}
