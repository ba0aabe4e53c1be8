// An address that means no page.
import { to } from '../lib/location.js';
import { Empty } from '../ui/states.js';

export function NotFound() {
  return (
    <section class="card">
      <Empty title="There is no such page">
        <a href={to('/')}>All models</a>
      </Empty>
    </section>
  );
}
