import { lazy, Suspense, useSyncExternalStore } from "react";
import { problemWords } from "../problem-words.ts";
import { visible } from "../text.ts";
import type { ToastWords } from "./toasts.tsx";

// What draws them is loaded with the first that is said: most visits need none.
const LazyToasts = lazy(async () => ({ default: (await import("./toasts.tsx")).Toasts }));
let wanted = false;
const listeners = new Set<() => void>();

function show(words: ToastWords): void {
  if (!wanted) {
    wanted = true;
    for (const listener of listeners) listener();
  }
  // Where its code cannot be loaded there is nobody to tell.
  void import("./toasts.tsx").then(({ add }) => add(words)).catch(() => undefined);
}

/** A word at the edge of the page: that something was done, or why not. */
export const toast = {
  say(text: string): void {
    show({ title: visible(text), type: "done", timeout: 5_000 });
  },
  fail(error: unknown): void {
    const { title, detail, next } = problemWords(error);
    const description = visible([detail, next].filter(Boolean).join(" "));
    show({ title, description, type: "problem", timeout: 12_000, priority: "high" });
  },
};

/** Where they appear; once, in the shell. */
export function Toasts() {
  const needed = useSyncExternalStore(watch, () => wanted);
  return needed ? (
    <Suspense fallback={null}>
      <LazyToasts />
    </Suspense>
  ) : null;
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
