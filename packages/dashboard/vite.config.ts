import react from "@vitejs/plugin-react";
import { defineConfig, type ProxyOptions } from "vite";

/** The API that pages under work talk to: `STEWARD_API=https://localhost:… npm run dev -w packages/dashboard`. */
const api = process.env["STEWARD_API"];
const proxy: Record<string, ProxyOptions> =
  api === undefined
    ? {}
    : { "^/(api|openapi.json|health|metrics|docs)": { target: api, changeOrigin: true, secure: false } };

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
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
