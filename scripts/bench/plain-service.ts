import Fastify from "fastify";
import pg from "pg";

/*
 * What somebody would write in an afternoon: one route, one table, one statement. No certificate of a node's, no thresholds, no
 * tenants; the database answers when the write is on the disk. Started by `compare.ts` with `PGHOST` set.
 */
const pool = new pg.Pool({ max: 20 });
await pool.query(`create table if not exists presence (
  node_id text primary key, sequence bigint not null, seen_at timestamptz not null,
  interval_seconds int not null, agent_version text not null, metrics jsonb not null)`);

const app = Fastify();
app.post(
  "/api/v1/heartbeat/:node",
  {
    schema: {
      body: {
        type: "object",
        required: ["sequence", "intervalSeconds", "metrics", "agentVersion"],
        properties: {
          sequence: { type: "integer", minimum: 1 },
          intervalSeconds: { type: "integer", minimum: 1 },
          agentVersion: { type: "string", maxLength: 40 },
          metrics: { type: "object" },
        },
      },
    },
  },
  async (request, reply) => {
    const { node } = request.params as { node: string };
    const { sequence, intervalSeconds, metrics, agentVersion } = request.body as Record<string, unknown>;
    const { rowCount } = await pool.query({
      name: "beat",
      text: `insert into presence values ($1, $2, now(), $3, $4, $5)
        on conflict (node_id) do update set sequence = $2, seen_at = now(), interval_seconds = $3, agent_version = $4, metrics = $5
        where presence.sequence < $2`,
      values: [node, sequence, intervalSeconds, agentVersion, metrics],
    });
    if (rowCount === 0) return reply.code(409).send({ code: "stale_sequence" });
    return { serverTimeMs: Date.now(), nextIntervalSeconds: 60, configRevision: 0, pendingRuns: [] };
  },
);
const address = await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ address })}\n`);
process.stdin.resume().on("end", () => process.exit(0));
