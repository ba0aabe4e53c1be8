// What a rule names must exist: the schema cannot know that.
import { metricNameProblem } from '../domain/alerts/metric-names.js';
import type { AlertRule } from '../domain/alerts/rule.js';
import { InvalidInputError, type ItemError } from '../domain/errors.js';
import { nearest } from '../domain/nearest.js';

/** @throws InvalidInputError that names every unknown metric and channel with the nearest valid name. */
export function checkRule(rule: AlertRule, channels: readonly string[]): void {
  const errors: ItemError[] = [];
  const metric = metricNameProblem(rule.metric);
  if (metric !== null) errors.push({ code: 'unknown_metric', path: 'metric', message: metric });
  rule.channels.forEach((channel, index) => {
    if (channels.includes(channel)) return;
    const near = nearest(channel, channels);
    const hint =
      near === null ? 'there are no channels yet: create it with PUT /v1/channels/{name}' : `did you mean "${near}"?`;
    errors.push({
      code: 'unknown_channel',
      path: `channels.${index}`,
      message: `there is no channel "${channel}": ${hint}`,
    });
  });
  const [first] = errors;
  if (first !== undefined) throw new InvalidInputError(`The rule is refused. ${first.path}: ${first.message}.`, errors);
}
