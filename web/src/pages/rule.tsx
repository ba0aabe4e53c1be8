// The rule editor: the form, the numbers it would watch, and what it would have done.
import { useState } from 'preact/hooks';
import type { Overview } from '../../../src/domain/contract/overview.js';
import { apiUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { go, to } from '../lib/location.js';
import { metricName } from '../prepare/format.js';
import type { NamedRule } from '../prepare/model.js';
import { emptyRule, METRICS, toDocument, toForm, type RuleForm } from '../prepare/rule.js';
import { ChoiceField, Complaint, TextField, useSending } from '../ui/form.js';
import { Await, Empty } from '../ui/states.js';
import { useView } from '../ui/view.js';
import { AlertTabs } from './alert-tabs.js';
import { RulePreview } from './rule-preview.js';

export function RulePage({ name }: { name: string | null }) {
  const { place, range } = useView();
  const rules = useApi<NamedRule[]>('/v1/alert-rules');
  const models = useApi<Overview>(apiUrl('/v1/overview', { from: range.from, to: range.to }));
  const channels = useApi<{ name: string }[]>('/v1/channels');
  return (
    <>
      <AlertTabs title={name === null ? 'New rule' : `Rule ${name}`} here="/rules" />
      <Await of={rules} what="the rule">
        {(data) => (
          <Await of={models} what="models">
            {(known) => {
              const stored = data.find((rule) => rule.name === name);
              if (name !== null && stored === undefined) return <Empty title={`There is no rule ${name}`} />;
              return (
                <Editor
                  key={name ?? 'new'}
                  stored={stored ?? null}
                  first={
                    stored === undefined
                      ? emptyRule(place.query.get('model') ?? known.models[0]?.model ?? '')
                      : toForm(stored)
                  }
                  models={known.models.map((model) => model.model)}
                  channels={(channels.data ?? []).map((channel) => channel.name)}
                />
              );
            }}
          </Await>
        )}
      </Await>
    </>
  );
}

const OPS = [
  ['>', 'above'],
  ['>=', 'at or above'],
  ['<', 'below'],
  ['<=', 'at or below'],
  ['outside', 'outside of low, high'],
] as const;
const NO_DATA = [
  ['keep', 'stay as it is'],
  ['ok', 'count as fine'],
  ['alert', 'alert'],
] as const;

function Editor({
  stored,
  first,
  models,
  channels,
}: {
  stored: NamedRule | null;
  first: RuleForm;
  models: readonly string[];
  channels: readonly string[];
}) {
  const { place, admin } = useView();
  const [form, setForm] = useState(first);
  const sending = useSending();
  const { problem } = sending;
  const set =
    <K extends keyof RuleForm>(key: K) =>
    (value: RuleForm[K]): void =>
      setForm((last) => ({ ...last, [key]: value }));
  const document = toDocument(form, stored ?? {});
  const save = async (): Promise<void> => {
    const done = await sending.run(
      () => send('PUT', `/v1/alert-rules/${encodeURIComponent(form.name)}`, document),
      'Rule saved',
    );
    if (!done) return;
    refreshAll();
    if (stored === null) go(to(`/rules/${encodeURIComponent(form.name)}`, {}, place.query), { replace: true });
  };
  return (
    <div class="stack">
      <form
        class="card"
        aria-label="Rule"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div class="card-head">
          <h2>What it watches</h2>
          <div class="tools">
            <label class="check">
              <input
                type="checkbox"
                checked={form.enabled}
                onChange={(event) => set('enabled')(event.currentTarget.checked)}
              />
              enabled
            </label>
            <button type="submit" class="button primary" disabled={!admin || sending.busy || form.name === ''}>
              Save
            </button>
          </div>
        </div>
        <div class="card-body">
          <Complaint error={sending.error} />
          <div class="form">
            {stored === null && (
              <TextField
                label="Name"
                value={form.name}
                set={set('name')}
                placeholder="input-drift"
                problem={problem('name')}
              />
            )}
            <TextField
              label="Model"
              value={form.model}
              set={set('model')}
              list={[...models, '*']}
              problem={problem('model')}
            />
            <TextField
              label="Metric"
              value={form.metric}
              set={set('metric')}
              list={METRICS}
              hint={metricName(form.metric)}
              problem={problem('metric')}
            />
            <TextField
              label="Field"
              value={form.feature}
              set={set('feature')}
              hint="inputs.* is any input, empty the whole model"
              problem={problem('feature')}
            />
            <TextField
              label="Version"
              value={form.version}
              set={set('version')}
              hint="* is any"
              problem={problem('version')}
            />
            <TextField
              label="Segment"
              value={form.segment}
              set={set('segment')}
              hint="empty: the whole model; *: any segment"
              problem={problem('segment')}
            />
            <ChoiceField
              label="Fires when it is"
              value={form.op}
              values={OPS}
              set={set('op')}
              problem={problem('op')}
            />
            <TextField label="Warning" value={form.warning} set={set('warning')} problem={problem('warning')} />
            <TextField label="Critical" value={form.critical} set={set('critical')} problem={problem('critical')} />
            <TextField
              label="Relative to"
              value={form.relative_to}
              set={set('relative_to')}
              list={['baseline', '1d', '7d', '28d']}
              hint="empty: the number itself"
              problem={problem('relative_to')}
            />
            <TextField
              label="Windows that breach"
              type="number"
              value={form.for}
              set={set('for')}
              problem={problem('for')}
            />
            <TextField
              label="Of the last"
              type="number"
              value={form.of}
              set={set('of')}
              hint="windows"
              problem={problem('of')}
            />
            <TextField
              label="Over after"
              type="number"
              value={form.recover_after}
              set={set('recover_after')}
              hint="windows without a breach"
              problem={problem('recover_after')}
            />
            <TextField
              label="Rows at least"
              type="number"
              value={form.min_samples}
              set={set('min_samples')}
              hint="empty: the model's"
              problem={problem('min_samples')}
            />
            <TextField
              label="Label coverage at least"
              value={form.min_coverage}
              set={set('min_coverage')}
              hint="0 to 1; empty: any"
              problem={problem('min_coverage')}
            />
            <ChoiceField
              label="Without data"
              value={form.no_data}
              values={NO_DATA}
              set={set('no_data')}
              problem={problem('no_data')}
            />
            <TextField
              label="Repeat every"
              value={form.repeat_every}
              set={set('repeat_every')}
              hint="24h; empty: never"
              problem={problem('repeat_every')}
            />
            <fieldset class="field wide channels">
              <legend class="label">Tells</legend>
              {channels.length === 0 && (
                <span class="hint">
                  There is no channel yet. <a href={to('/channels', {}, place.query)}>Make one</a>; until then alerts
                  are only seen here.
                </span>
              )}
              {channels.map((channel) => (
                <label key={channel} class="check">
                  <input
                    type="checkbox"
                    checked={form.channels.includes(channel)}
                    onChange={(event) =>
                      set('channels')(
                        event.currentTarget.checked
                          ? [...form.channels, channel]
                          : form.channels.filter((one) => one !== channel),
                      )
                    }
                  />
                  {channel}
                </label>
              ))}
            </fieldset>
          </div>
        </div>
      </form>
      <RulePreview form={form} document={document} />
    </div>
  );
}
