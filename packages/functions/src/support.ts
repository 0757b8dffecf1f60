import { createApp, createHttpHandler } from "@steward/api/app";
import { supportBindings } from "@steward/api/routes/support";
import { catalogue } from "@steward/catalogue/catalogue";
import type { SearchPassages } from "@steward/core/support/search-passages";
import { createAppDeps } from "./app-deps.ts";
import { once } from "./once.ts";

/** Made at the first question, and kept: the passages are as large as all other code of this function. */
async function loadSearch(): Promise<SearchPassages> {
  const [{ createSearch }, { passages }] = await Promise.all([
    import("@steward/core/support/search-passages"),
    import("./support-passages.ts"),
  ]);
  return createSearch(passages);
}

const deps = {
  ...(await createAppDeps("support", catalogue)),
  searchPassages: once(loadSearch),
};

/** The routes that the table gives to `support`, with that function's rights: it can give work to models, and start nothing. */
export const handler = createHttpHandler(createApp(deps, { servedBy: "support", bindings: supportBindings }));
