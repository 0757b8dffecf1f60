import { enableCompileCache, flushCompileCache } from "node:module";
import { readLocalEnvironment } from "./env.ts";

// Before the rest is loaded, so that a second start finds it compiled.
enableCompileCache(readLocalEnvironment().compileCacheDir);
const { runSupervisor } = await import("./run-supervisor.ts");
flushCompileCache();
await runSupervisor(process.argv.slice(2));
