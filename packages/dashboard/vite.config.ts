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

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), withoutRules],
  build: {
    outDir: "dist",
    target: "es2024",
    manifest: true,
    // Under `/assets/` with their digests: a browser keeps them for good. Nothing is inlined: the page's rules allow no data: fonts, styles or scripts.
    assetsInlineLimit: 0,
    // The rules of the page allow no inline script, which the polyfill would be; browsers of this target preload by themselves.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  css: { modules: { localsConvention: "camelCaseOnly" } },
  server: { proxy },
  preview: { proxy },
});
