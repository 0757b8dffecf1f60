import type { Action } from "@steward/contracts/actions";
import type { ReleaseAction, ReleaseContent } from "@steward/contracts/release";
import { z } from "zod";
import type { Bundle } from "./bundle.ts";
import { catalogue } from "./catalogue.ts";

/** The release of all that this checkout has. `agents` are its builds of the agent: version → sha256. */
export function newestRelease(
  bundles: ReadonlyMap<string, Pick<Bundle, "digest">>,
  agents: ReleaseContent["agents"] = {},
): ReleaseContent {
  return { v: 1, actions: releaseActions(bundles), agents };
}

/**
 * The actions of a release: what appliances accept, with the JSON Schema (draft 2020-12) of every action's values.
 * `bundles` are those of `buildAllBundles`. Checks across variables (a record's value against its type) are not in the
 * schema; the control plane's zod object has them, and the playbook sees to the rest.
 */
export function releaseActions(
  bundles: ReadonlyMap<string, Pick<Bundle, "digest">>,
  actions: readonly Action[] = catalogue,
): ReleaseAction[] {
  return actions.map((action) => {
    const bundle = bundles.get(action.id);
    if (bundle === undefined) throw new Error(`There is no bundle of ${action.id}`);
    return {
      id: action.id,
      title: action.title,
      kind: action.kind,
      playbook: action.playbook,
      variables: z.toJSONSchema(action.variables),
      risk: action.risk,
      undo: action.undo,
      timeoutSeconds: action.timeoutSeconds,
      bundle: bundle.digest,
      ...(action.generates === undefined ? {} : { generates: action.generates }),
    };
  });
}
