// Alert rules in a list.
import { apiUrl } from '../lib/api.js';
import { useApi } from '../lib/data.js';
import { to } from '../lib/location.js';
import { limitValue, metricName, plural } from '../prepare/format.js';
import { matches, type NamedRule } from '../prepare/model.js';
import { ruleSentence } from '../prepare/rule.js';
import { QueryButton } from '../ui/card.js';
import { RemoveButton } from '../ui/dialog.js';
import { Await, Empty } from '../ui/states.js';
import { Table, type Column } from '../ui/table.js';
import { useView } from '../ui/view.js';
import { AlertTabs } from './alert-tabs.js';

export function RulesPage() {
  const { place, admin } = useView();
  const model = place.query.get('model');
  const url = apiUrl('/v1/alert-rules');
  const rules = useApi<NamedRule[]>(url);
  return (
    <>
      <AlertTabs title="Rules" here="/rules" />
      {admin && (
        <div class="filters">
          <a class="button primary" href={to('/rules/new', { model }, place.query)}>
            New rule
          </a>
        </div>
      )}
      <section class="card" aria-label="Rules">
        <Await of={rules} what="rules">
          {(data) => {
            const shown = data.filter((rule) => model === null || matches(rule.model, model));
            if (shown.length === 0)
              return (
                <Empty title="No rules">
                  A rule watches one metric over any number of fields, versions and segments, and tells its channels.
                </Empty>
              );
            return (
              <Table
                name="rules"
                caption="Rules"
                columns={columns(admin)}
                rows={shown}
                keyOf={(rule) => rule.name}
                csv="rules"
                foot={
                  <>
                    <span>{plural(shown.length, 'rule')}</span>
                    <QueryButton urls={[url]} />
                  </>
                }
              />
            );
          }}
        </Await>
      </section>
    </>
  );
}

function columns(admin: boolean): Column<NamedRule>[] {
  return [
    {
      name: 'Rule',
      value: (rule) => rule.name,
      cell: (rule) => (
        <>
          <a href={to(`/rules/${encodeURIComponent(rule.name)}`)}>{rule.name}</a>
          {!rule.enabled && <span class="chip">off</span>}
        </>
      ),
    },
    { name: 'Model', value: (rule) => rule.model },
    {
      name: 'Watches',
      text: true,
      value: (rule) => ruleSentence(rule, metricName, limitValue),
      cell: (rule) => ruleSentence(rule, metricName, limitValue),
    },
    {
      name: 'Channels',
      value: (rule) => rule.channels.join(', '),
      cell: (rule) => (rule.channels.length === 0 ? '-' : rule.channels.join(', ')),
    },
    {
      name: 'Actions',
      plain: true,
      value: () => null,
      cell: (rule) =>
        admin ? (
          <RemoveButton
            what="rule"
            name={rule.name}
            url={`/v1/alert-rules/${encodeURIComponent(rule.name)}`}
            then="Its open alerts are closed by the next evaluation."
          />
        ) : (
          ''
        ),
    },
  ];
}
