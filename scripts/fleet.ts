import { simulateFleet } from "./fleet/simulate.ts";
const n = Number(process.argv[2] ?? 50);
const o = await simulateFleet({ appliances: n, tenants: 1, minutes: 60, seed: 1, intervalSeconds: 60, lossShare: 0.01, outageMinutes: 10 }, (l) => process.stderr.write(l + "\n"));
const { scenario, told, ...rest } = o;
process.stdout.write(JSON.stringify(rest, null, 1) + "\n");
