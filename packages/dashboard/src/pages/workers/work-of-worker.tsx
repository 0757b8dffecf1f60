import { providerTenantId } from "@steward/contracts/ids";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { useApi } from "../../api/use-api.ts";
import { countText, plural, spanText } from "../../text.ts";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";

/** What it has done this week. */
export function WorkOfWorker({ nodeId }: { nodeId: string }) {
  const asked = useApi(
    queueRoutes.workDistribution,
    { query: { days: 7 } },
    { inTenant: providerTenantId, every: "background" },
  );
  return (
    <Panel title="What it did" note="The last seven days, for all tenants.">
      <Loaded query={asked} rows={4}>
        {({ items }) => {
          const own = items.filter(({ worker }) => worker.id === nodeId);
          const sum = (value: (item: (typeof own)[number]) => number) =>
            own.reduce((total, item) => total + value(item), 0);
          const seconds = sum((item) => item.seconds);
          const tokens = sum((item) => item.tokens);
          if (own.length === 0) return <p>It has done nothing in this time.</p>;
          const models = new Map<string, number>();
          for (const { model, jobs } of own) models.set(model, (models.get(model) ?? 0) + jobs);
          return (
            <Facts
              items={[
                [
                  "Jobs",
                  `${countText(sum((item) => item.jobs))} done, ${countText(sum((item) => item.failures))} tries came to nothing`,
                ],
                ["Tokens", countText(tokens)],
                ["Throughput", seconds === 0 ? "–" : `${(tokens / seconds).toFixed(1)} tokens a second`],
                ["Time", spanText(seconds)],
                ["Of all work", `${(sum((item) => item.share) * 100).toFixed(1)} %`],
                ...[...models].map(([model, jobs]): [string, string] => [model, plural(jobs, "job")]),
              ]}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
