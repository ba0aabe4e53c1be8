// Runs axe-core in a page. Through the debugger's own world, because the page's Content-Security-Policy lets no foreign script in.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

interface Finding {
  id: string;
  impact: string | null;
  nodes: { target: string[]; failureSummary: string }[];
}

export class AxeBuilder {
  constructor(
    private readonly page: Page,
    private readonly source: string,
  ) {}

  /** What is serious or critical, a line each. */
  async serious(): Promise<string[]> {
    await this.page.evaluate(readFileSync(this.source, 'utf8'));
    const violations = await this.page.evaluate<Finding[]>('axe.run().then((result) => result.violations)');
    return violations
      .filter((finding) => finding.impact === 'serious' || finding.impact === 'critical')
      .flatMap((finding) =>
        finding.nodes
          .slice(0, 3)
          .map(
            (node) =>
              `${finding.id}: ${node.target.join(' ')}: ${node.failureSummary.replace(/\s+/g, ' ').slice(0, 300)}`,
          ),
      );
  }
}
