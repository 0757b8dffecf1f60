import { useSyncExternalStore } from "react";
import { ago } from "../text.ts";

let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for the whole page: a thousand times are no thousand timers. */
function watchClock(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.hidden) return;
    nowMs = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Now, in ms, as of this second. */
export function useNow(): number {
  return useSyncExternalStore(watchClock, () => {
    if (listeners.size === 0) nowMs = Date.now();
    return nowMs;
  });
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** `3 min ago`; the exact time on hover. */
export function Moment({ at }: { at: string | undefined }) {
  const text = useAgo(at);
  if (at === undefined) return <span>never</span>;
  return (
    <time dateTime={at} title={exactText(at)}>
      {text}
    </time>
  );
}

/** Draws anew only when the words change, not each second. */
function useAgo(at: string | undefined): string {
  return useSyncExternalStore(watchClock, () =>
    at === undefined ? "" : ago(at, listeners.size === 0 ? Date.now() : nowMs),
  );
}

export function exactText(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? iso : exact.format(ms);
}
