import { startSteward } from "../../packages/local/src/stack.ts";
import type { StewardOptions } from "../../packages/local/src/stack-options.ts";

// An installation in a process of its own, to be killed as a whole. Argument: the options as JSON.
const options: StewardOptions = JSON.parse(process.argv[2] ?? "{}");
const stack = await startSteward(options);
const slugs = stack.tenants.map(({ slug }) => slug);
process.send?.({
  apiUrl: stack.apiUrl,
  headers: Object.fromEntries(slugs.map((slug) => [slug, stack.headersOf(slug)])),
});
