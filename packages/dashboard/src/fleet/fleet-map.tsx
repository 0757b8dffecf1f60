import { useNavigate } from "@tanstack/react-router";
import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { healthTerms, visible } from "../text.ts";
import { shownTheme, watchTheme } from "../theme.ts";
import { causeText } from "./cause-text.ts";
import { drawFleet, drawFocus, fleetColours } from "./draw-fleet.ts";
import type { FleetDot } from "./fleet-dot.ts";
import { cellAt, type Direction, indexAt, layOutFleet, neighbourOf } from "./fleet-layout.ts";
import styles from "./fleet-map.module.css";
import { MapNote } from "./map-note.tsx";
import type { FleetGroup } from "./group-fleet.ts";

const arrows: Record<string, Direction> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const mostHeight = 380;

/**
 * A fleet as a map: one cell a machine, by groups. It is a picture with a pointer in it: arrows and the mouse move the
 * pointer, what it is at is said beside it and to who listens, Enter and a click open it. The list of the unwell, which
 * everybody can read, is beside the map on its page.
 */
export function FleetMap({ groups, label }: { groups: readonly FleetGroup[]; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const cells = useRef<HTMLCanvasElement>(null);
  const pointer = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<number>();
  const [byKeys, setByKeys] = useState(false);
  const width = useWidth(box);
  const theme = useSyncExternalStore(watchTheme, shownTheme);
  const navigate = useNavigate();
  const help = useId();

  const dots = useMemo(() => groups.flatMap((group) => group.dots), [groups]);
  const layout = useMemo(
    () =>
      layOutFleet(
        groups.map(({ key, label: name, dots: members }) => ({ key, label: name, count: members.length })),
        width,
        mostHeight,
      ),
    [groups, width],
  );
  const index = at !== undefined && at < layout.count ? at : undefined;

  useEffect(() => {
    const canvas = cells.current;
    const context = canvas?.getContext("2d");
    if (canvas === null || context === null || context === undefined || width === 0) return;
    const scale = sizeOf(canvas, width, layout.height + 2);
    performance.mark("fleet-map-start");
    const labels = groups.map(({ label: name, dots: members }) => `${visible(name)} ${members.length}`);
    drawFleet(context, { dots, layout, colours: fleetColours(canvas), scale, labels });
    performance.measure("fleet-map", "fleet-map-start");
  }, [dots, groups, layout, width, theme]);

  useEffect(() => {
    const canvas = pointer.current;
    const context = canvas?.getContext("2d");
    if (canvas === null || context === null || context === undefined || width === 0) return;
    const scale = sizeOf(canvas, width + 4, layout.height + 6);
    drawFocus(context, { layout, index, colours: fleetColours(canvas), scale });
  }, [layout, index, width, theme]);

  const open = (dot: FleetDot | undefined) => {
    if (dot === undefined) return;
    const to = dot.kind === "worker" ? "/workers/$nodeId" : "/appliances/$nodeId";
    void navigate({
      to,
      params: { nodeId: dot.id },
      search: ((before: object) => ({ ...tenantIn(before), tenant: dot.tenantId })) as never,
    });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const direction = arrows[event.key];
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const from = index ?? 0;
    if (direction !== undefined) setAt(index === undefined ? 0 : neighbourOf(layout, index, direction));
    else if (event.key === "Home") setAt(0);
    else if (event.key === "End") setAt(layout.count - 1);
    else if (event.key === "n" || event.key === "p") setAt(nextUnwell(dots, from, event.key === "n" ? 1 : -1) ?? index);
    else if (event.key === "Enter") open(dots[from]);
    else if (event.key === "Escape") setAt(undefined);
    else return;
    setByKeys(true);
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent) => {
    const corner = cells.current?.getBoundingClientRect();
    if (corner === undefined) return;
    setByKeys(false);
    setAt(indexAt(layout, event.clientX - corner.left, event.clientY - corner.top));
  };

  const dot = index === undefined ? undefined : dots[index];
  const place = index === undefined ? undefined : cellAt(layout, index);
  return (
    <div className={styles["map"]} ref={box}>
      {/* An application: arrows are the map's own, and what they lead to is said below. */}
      <div
        role="application"
        aria-label={label}
        aria-describedby={help}
        tabIndex={0}
        className={styles["cells"]}
        style={{ height: layout.height + 2 }}
        onKeyDown={onKeyDown}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setAt(undefined)}
        onFocus={() => {
          if (at === undefined && byKeys) setAt(0);
        }}
        onBlur={() => setAt(undefined)}
        onClick={() => open(dot)}
        data-open={dot === undefined ? undefined : ""}
      >
        <canvas ref={cells} aria-hidden="true" />
        <canvas ref={pointer} aria-hidden="true" className={styles["pointer"]} />
      </div>
      <p id={help} className="heard">
        Arrows go from machine to machine, N and P to the next and the one before that is not well, Enter opens it.
      </p>
      {dot === undefined || place === undefined ? null : (
        <MapNote dot={dot} x={place.x} y={place.y + layout.pitch + 6} width={width} />
      )}
      <p className="heard" aria-live="polite">
        {dot === undefined || !byKeys ? "" : spoken(dot)}
      </p>
    </div>
  );
}

function spoken({ name, health, causes = [], metrics }: FleetDot): string {
  return [visible(name), healthTerms[health].text, ...causes.map((part) => causeText(part, metrics))].join(", ");
}

function nextUnwell(dots: readonly FleetDot[], from: number, step: 1 | -1): number | undefined {
  for (let tried = 1; tried <= dots.length; tried += 1) {
    const index = (from + step * tried + dots.length * 2) % dots.length;
    if (dots[index]?.health !== "healthy") return index;
  }
  return undefined;
}

function tenantIn(search: object): { tenant?: string } {
  const { tenant } = search as { tenant?: string };
  return tenant === undefined ? {} : { tenant };
}

/** As many pixels as the screen has. Setting it clears the canvas, so only where it changed. */
function sizeOf(canvas: HTMLCanvasElement, width: number, height: number): number {
  const scale = Math.min(3, window.devicePixelRatio || 1);
  const wide = Math.round(width * scale);
  const high = Math.round(height * scale);
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  return scale;
}

function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const watcher = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    watcher.observe(element);
    setWidth(Math.floor(element.clientWidth));
    return () => watcher.disconnect();
  }, [box]);
  return width;
}
