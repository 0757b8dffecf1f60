import type { Plugin } from "esbuild";
import { passages } from "@steward/functions/support-passages";

/** The module that reads the documents becomes the passages that it makes of them: a deployed function has no checkout. */
export function inlinePassages(): Plugin {
  return {
    name: "inline-passages",
    setup(builder) {
      builder.onLoad({ filter: /[\\/]functions[\\/]src[\\/]support-passages\.ts$/ }, () => ({
        // As a text that is parsed: a literal of this size is slower to start.
        contents: `export const passages = JSON.parse(${JSON.stringify(JSON.stringify(passages))});`,
        loader: "js",
      }));
    },
  };
}
