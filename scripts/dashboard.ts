/** `npm run dashboard`: builds `packages/dashboard/dist` unless it is there as its sources would make it. */
import { buildDashboard } from "@steward/dashboard/build";

try {
  const outcome = await buildDashboard({ say: (text) => void process.stderr.write(`${text}\n`) });
  if (outcome === "as it was") process.stderr.write("The dashboard is built already.\n");
} catch (error) {
  process.stderr.write(`The dashboard cannot be built: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
