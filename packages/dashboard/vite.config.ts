import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, type ProxyOptions } from "vite";

/** The API that pages under work talk to: `STEWARD_API=http://127.0.0.1:4400 npx vite packages/dashboard`. */
const api = process.env["STEWARD_API"];
const proxy: Record<string, ProxyOptions> =
  api === undefined
    ? {}
    : {
        // The API takes calls of its own pages alone: this server's are.
        "^/(api|openapi.json|health|metrics|docs)": {
          target: api,
          changeOrigin: true,
          secure: false,
          headers: { origin: new URL(api).origin },
        },
      };

/** A page under work is changed in place by scripts that Vite writes into it, which the page's own rules refuse. */
const withoutRules: Plugin = {
  name: "steward:without-rules",
  apply: "serve",
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ""),
};

/**
 * Each of zod's schemas can also be written as a JSON Schema, which the API does and no page: as every schema names that
 * code, no bundler leaves it out by itself. Here its functions are there and do nothing.
 */
const withoutJsonSchemas: Plugin = {
  name: "steward:without-json-schemas",
  enforce: "pre",
  apply: "build",
  transform(code, id) {
    if (!/\/zod\/v4\/core\/(json-schema-processors|to-json-schema)\.js$/.test(id)) return undefined;
    const names = [...code.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) => name);
    return names.map((name) => `export const ${name} = () => () => undefined;`).join("\n");
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), withoutRules, withoutJsonSchemas],
  build: {
    outDir: "dist",
    target: "es2024",
    manifest: true,
    // Under `/assets/` with their digests: a browser keeps them for good. Nothing is inlined: the page's rules allow no data: fonts, styles or scripts.
    assetsInlineLimit: 0,
    // The rules of the page allow no inline script, which the polyfill would be; browsers of this target preload by themselves.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What every page runs on, apart from what only some need: left to itself, one small shared module pulls the
            // parts of menus and dialogs into the first load.
            {
              name: "base",
              test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store|@tanstack\/(query-core|react-query|router-core|react-router|history|store|react-store))\//,
            },
            { name: "schemas", test: /node_modules\/zod\// },
          ],
        },
      },
    },
  },
  css: { modules: { localsConvention: "camelCaseOnly" } },
  server: { proxy },
  preview: { proxy },
});
