import { lazy, Suspense, useEffect, useState } from "react";
import { Button } from "../ui/button.tsx";

const Palette = lazy(async () => ({ default: (await import("./palette.tsx")).Palette }));
const isMac = typeof navigator !== "undefined" && /Mac|iP(hone|ad)/.test(navigator.userAgent);

/** Opens the palette: by a press, and by Ctrl-K or Cmd-K anywhere. Its code is loaded with the first. */
export function OpenPalette() {
  const [open, setOpen] = useState(false);
  const [loaded, setLoaded] = useState(false);
  const show = () => {
    setLoaded(true);
    setOpen(true);
  };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      setLoaded(true);
      setOpen((before) => !before);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  return (
    <>
      <Button icon="search" onClick={show} aria-keyshortcuts={isMac ? "Meta+K" : "Control+K"}>
        Ask or find <kbd>{isMac ? "⌘K" : "Ctrl K"}</kbd>
      </Button>
      {loaded && (
        <Suspense fallback={null}>
          <Palette open={open} onOpenChange={setOpen} />
        </Suspense>
      )}
    </>
  );
}
