// After `npm install`: the dashboard, so that the first `npm start` need not wait for it. Plain JavaScript, because npm may
// run it with a Node that cannot read TypeScript; and never a reason for an install to fail: `npm start` builds it as well.
import { existsSync } from "node:fs";

const isWhole = existsSync(new URL("../node_modules/vite/package.json", import.meta.url));
if (isWhole && Number(process.versions.node.split(".")[0]) >= 24) {
  try {
    const { buildDashboard } = await import("../packages/dashboard/serve/build.ts");
    await buildDashboard();
  } catch (error) {
    console.error(`The dashboard is not built yet: ${error instanceof Error ? error.message : error}`);
  }
}
