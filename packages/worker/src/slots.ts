/**
 * The right to run one job at a time. A slot is held from before a message is asked for until the model has answered, so
 * that a message is never received that nobody can work on.
 */
export interface Slot {
  readonly number: number;
}

export interface Slots {
  /** May be fewer than are held, for a while: see `resize`. */
  readonly total: number;
  /** More slots are free at once; of fewer, those that are held are kept until they are given back. */
  resize(total: number): void;
  /** Undefined when all are held. */
  reserveSlot(): Slot | undefined;
  /** A message came: the reserved slot runs a job now. */
  markSlotUsed(slot: Slot): void;
  releaseSlot(slot: Slot): void;
  free(): number;
  used(): number;
}

/** `onUse` is told whenever the number of used ones, or of all, has changed. */
export function createSlots(initial: number, onUse: () => void = () => {}): Slots {
  let total = initial;
  const held = new Map<Slot, "reserved" | "used">();
  const free = () => Math.max(0, total - held.size);
  return {
    get total() {
      return total;
    },
    resize(next) {
      if (next === total) return;
      total = next;
      onUse();
    },
    reserveSlot() {
      if (free() === 0) return undefined;
      const taken = new Set([...held.keys()].map((slot) => slot.number));
      let number = 0;
      while (taken.has(number)) number += 1;
      const slot = { number };
      held.set(slot, "reserved");
      return slot;
    },
    markSlotUsed(slot) {
      if (held.get(slot) !== "reserved") throw new Error(`slot ${slot.number} is not reserved`);
      held.set(slot, "used");
      onUse();
    },
    releaseSlot(slot) {
      const state = held.get(slot);
      if (!held.delete(slot)) throw new Error(`slot ${slot.number} is not held`);
      if (state === "used") onUse();
    },
    free,
    used: () => [...held.values()].filter((state) => state === "used").length,
  };
}
