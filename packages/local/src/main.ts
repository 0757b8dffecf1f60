import { checkNodeVersion } from "./node-version.ts";

// Before anything else is loaded: an older Node would fail at the first line of TypeScript that it cannot read.
checkNodeVersion(process.versions.node);
const { runSupervisor } = await import("./run-supervisor.ts");
await runSupervisor(process.argv.slice(2));
