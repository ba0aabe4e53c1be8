// Every example of docs/alerts.md is accepted as it stands.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cronProblem } from '../../jobs/cron.js';
import { alertRuleSchema } from '../../src/domain/alerts/rule.js';
import { builtinAlertsSchema } from '../../src/domain/contract/builtin-alerts.js';
import { readConfigDocument } from '../../src/services/config-document.js';

const doc = readFileSync('docs/alerts.md', 'utf8');
const blocks = (kind: string): string[] =>
  [...doc.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text);

describe('docs/alerts.md', () => {
  it('has rules that are rules', () => {
    const rules = blocks('json rule');
    expect(rules.length).toBeGreaterThanOrEqual(5);
    for (const text of rules) expect(alertRuleSchema.safeParse(JSON.parse(text)).error?.issues ?? []).toEqual([]);
  });

  it('shows every field of a rule, and explains each', () => {
    const [first = '{}'] = blocks('json rule');
    const fields = Object.keys(alertRuleSchema.in.in.shape).sort();
    expect(Object.keys(JSON.parse(first) as object).sort()).toEqual(fields);
    for (const field of fields) expect(doc).toMatch(new RegExp(`^\\|[^|]*\`${field}\``, 'm'));
  });

  it('has a configuration file without a mistake', () => {
    const [text = ''] = blocks('yaml config');
    const variable = (name: string) => (name === 'HOOK_SECRET' ? 'a-secret-of-the-test' : undefined);
    const { problems, document } = readConfigDocument(text, { variable, cronProblem });
    expect(problems).toEqual([]);
    expect(document.alert_rules.get('drift of the champion')).toMatchObject({ critical: 0.2, version: '@champion' });
  });

  it('has settings of the built-in alerts', () => {
    for (const text of blocks('json builtin'))
      expect(builtinAlertsSchema.safeParse(JSON.parse(text)).success).toBe(true);
  });
});
