// The rule editor: the form, the numbers it would watch, and what it would have done.
import { WATCHED_METRICS } from '../../../src/domain/metric-families.js';
import type { Overview } from '../../../src/domain/contract/overview.js';
import { apiUrl, send } from '../lib/api.js';
import { refreshAll, useApi } from '../lib/data.js';
import { go, to } from '../lib/location.js';
import { metricName } from '../prepare/format.js';
import type { NamedRule } from '../prepare/model.js';
import { emptyRule, isPValue, toDocument, toForm, type RuleForm } from '../prepare/rule.js';
import { CheckField, ChecksField, ChoiceField, Complaint, TextField, useForm, type Form } from '../ui/form.js';
import { say } from '../ui/dialog.js';
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
const CORRECTIONS = [
  ['', 'none'],
  ['bh', 'Benjamini-Hochberg'],
] as const;
const POLICIES = [
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
  const form = useForm(first);
  const { values, bind, sending } = form;
  const document = toDocument(values, stored ?? {});
  const save = async (): Promise<void> => {
    const done = await sending.run(async () => {
      const url = `/v1/alert-rules/${encodeURIComponent(values.name)}`;
      const { warnings = [] } = await send<{ warnings?: { message: string }[] }>('PUT', url, document);
      say(['Rule saved', ...warnings.map(({ message }) => message)].join('. '));
    });
    if (!done) return;
    refreshAll();
    if (stored === null) go(to(`/rules/${encodeURIComponent(values.name)}`, {}, place.query), { replace: true });
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
            <CheckField label="enabled" {...bind('enabled')} />
            <button type="submit" class="button primary" disabled={!admin || sending.busy || values.name === ''}>
              Save
            </button>
          </div>
        </div>
        <div class="card-body">
          <Complaint error={sending.error} />
          <div class="form">
            {stored === null && <TextField label="Name" {...bind('name')} placeholder="input-drift" />}
            <Watched form={form} models={models} />
          </div>
          <h3 class="form-part">When it fires</h3>
          <div class="form">
            <Limits form={form} />
          </div>
          <h3 class="form-part">Missing numbers and notifications</h3>
          <div class="form">
            <Policies form={form} />
            <ChecksField
              label="Channels"
              wide
              {...bind('channels')}
              values={[...new Set([...channels, ...first.channels])]}
              empty={
                <>
                  There is no channel yet. <a href={to('/channels', {}, place.query)}>Make one</a>; until then alerts
                  are only seen here.
                </>
              }
            />
          </div>
        </div>
      </form>
      <RulePreview form={values} document={document} />
    </div>
  );
}

function Watched({ form: { values, bind }, models }: { form: Form<RuleForm>; models: readonly string[] }) {
  return (
    <>
      <TextField label="Model" {...bind('model')} list={[...models, '*']} />
      <TextField label="Metric" {...bind('metric')} list={WATCHED_METRICS} hint={metricName(values.metric)} />
      <TextField label="Field" {...bind('feature')} hint="inputs.* is any input, empty the whole model" />
      <TextField label="Version" {...bind('version')} hint="* is any; @Production, @alias" />
      <TextField label="Deployment" {...bind('deployment')} hint="* is any; empty: those without a name" />
      <TextField label="Segment" {...bind('segment')} hint="empty: the whole model; *: any segment" />
    </>
  );
}

function Limits({ form: { values, bind } }: { form: Form<RuleForm> }) {
  return (
    <>
      <ChoiceField label="Fires when it is" {...bind('op')} values={OPS} />
      <TextField label="Warning" {...bind('warning', 'warning.0', 'warning.1')} hint={range(values.op)} />
      <TextField label="Critical" {...bind('critical', 'critical.0', 'critical.1')} hint={range(values.op)} />
      <TextField
        label="Resolves only past"
        {...bind('recover_threshold', 'recover_threshold.0', 'recover_threshold.1')}
        hint="a limit nearer to normal; empty: the lower of the two above"
      />
      <TextField
        label="Relative to"
        {...bind('relative_to')}
        list={['baseline', '1d', '7d', '28d']}
        hint="limits are then ratios; empty: the number itself"
      />
      <TextField label="Windows beyond" type="number" {...bind('for')} hint="that make it fire" />
      <TextField label="Of the last" type="number" {...bind('of')} hint="windows; empty: all in a row" />
      <TextField label="Resolves after" type="number" {...bind('recover_after')} hint="windows without a breach" />
      <TextField label="Rows at least" type="number" {...bind('min_samples')} hint="empty: the model's" />
      <TextField label="Label coverage at least" {...bind('min_coverage')} hint="0 to 1; empty: any" />
      {(isPValue(values.metric) || values.correction !== '') && (
        <ChoiceField
          label="Correction"
          {...bind('correction')}
          values={CORRECTIONS}
          hint="many fields give small p-values by chance"
        />
      )}
    </>
  );
}

function Policies({ form: { bind } }: { form: Form<RuleForm> }) {
  return (
    <>
      <ChoiceField label="When data are missing" {...bind('no_data')} values={POLICIES} />
      <ChoiceField
        label="When it cannot be compared"
        {...bind('on_error')}
        values={POLICIES}
        hint="such as a ratio to a number that is not there"
      />
      <TextField label="Repeat every" {...bind('repeat_every')} hint="such as 24h; empty: never" />
    </>
  );
}

function range(op: string): string | undefined {
  return op === 'outside' ? 'low, high' : undefined;
}
