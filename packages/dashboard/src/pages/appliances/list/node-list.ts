import type { NodeView } from "@steward/contracts/node";

interface NodePage {
  items: NodeView[];
  cursor?: string | undefined;
}

export interface NodeListSnapshot {
  nodes: readonly NodeView[];
  /** Undefined until the first answer. */
  loadedAtMs: number | undefined;
  /** Every page has been read once: what is not here is not there. */
  isWhole: boolean;
  error: Error | null;
}

/**
 * All machines of a tenant in one list that is kept up to date. It is read page by page, over and over: a page that is
 * read anew replaces what it has, and whoever was on none of them is gone when a round ends. A machine of which nothing
 * new is known keeps its object, so that what is drawn of it can stay as it is; ten thousand are not compared by the
 * framework.
 */
export class NodeList {
  #nodes = new Map<string, NodeView>();
  #round = new Set<string>();
  #listeners = new Set<() => void>();
  #snapshot: NodeListSnapshot = { nodes: [], loadedAtMs: undefined, isWhole: false, error: null };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
  readonly snapshot = (): NodeListSnapshot => this.#snapshot;

  /** What a page of the round says. */
  addPage(items: readonly NodeView[], nowMs: number): void {
    for (const { id } of items) this.#round.add(id);
    this.#take(items, { loadedAtMs: nowMs, error: null });
  }

  /** What was asked for beside the round: answers of a search, and what a change has made. */
  add(items: readonly NodeView[]): void {
    this.#take(items, {});
  }

  remove(ids: Iterable<string>): void {
    const before = this.#nodes.size;
    for (const id of ids) {
      this.#nodes.delete(id);
      this.#round.delete(id);
    }
    if (this.#nodes.size !== before) this.#tell({ nodes: [...this.#nodes.values()] });
  }

  endRound(): void {
    const gone = [...this.#nodes.keys()].filter((id) => !this.#round.has(id));
    this.#round = new Set();
    for (const id of gone) this.#nodes.delete(id);
    if (gone.length > 0 || !this.#snapshot.isWhole) {
      this.#tell({ isWhole: true, ...(gone.length > 0 ? { nodes: [...this.#nodes.values()] } : {}) });
    }
  }

  /** The round begins anew: what it has seen does not count. */
  restart(): void {
    this.#round = new Set();
  }

  fail(error: Error): void {
    this.#tell({ error });
  }

  #take(items: readonly NodeView[], more: Partial<NodeListSnapshot>): void {
    let changed = false;
    for (const item of items) {
      const before = this.#nodes.get(item.id);
      if (before !== undefined && isSame(before, item)) continue;
      this.#nodes.set(item.id, item);
      changed = true;
    }
    this.#tell({ ...more, ...(changed ? { nodes: [...this.#nodes.values()] } : {}) });
  }

  #tell(change: Partial<NodeListSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function isSame(one: NodeView, other: NodeView): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

export interface Reading {
  page: (cursor: string | undefined) => Promise<NodePage>;
  /** Rejects when the reading is to end. */
  pause: (ms: number) => Promise<void>;
  /** How long to wait after so many failures in a row, the last of which was this. */
  pauseAfter: (failures: number, error: Error) => number;
  nowMs: () => number;
}

/** Between two pages: as quick as the API's rate for one person allows while nothing is there, then as one watches. */
export const pauseMs = { filling: 150, watching: 2_000 } as const;

/** Reads the list until `pause` rejects. A failure is told and tried again; a cursor that is refused begins the round anew. */
export async function keepReading(list: NodeList, { page, pause, pauseAfter, nowMs }: Reading): Promise<never> {
  let cursor: string | undefined;
  let failures = 0;
  list.restart();
  for (;;) {
    try {
      const answer = await page(cursor);
      failures = 0;
      list.addPage(answer.items, nowMs());
      cursor = answer.cursor;
      if (cursor === undefined) list.endRound();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      failures += 1;
      if (cursor !== undefined && "code" in error && error.code === "invalid_request") {
        cursor = undefined;
        list.restart();
      }
      list.fail(error);
      await pause(pauseAfter(failures, error));
      continue;
    }
    await pause(list.snapshot().isWhole ? pauseMs.watching : pauseMs.filling);
  }
}
