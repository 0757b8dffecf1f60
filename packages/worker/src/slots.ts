/**
 * The right to run one job at a time. A slot is held from before a message is asked for until its job has ended, so
 * that a message is never received that nobody can work on.
 */
export interface Slot {
  readonly number: number;
}

export interface Slots {
  readonly total: number;
  /** Undefined when all are held. */
  reserveSlot(): Slot | undefined;
  /** A message came: the reserved slot runs a job now. */
  markSlotUsed(slot: Slot): void;
  releaseSlot(slot: Slot): void;
  free(): number;
  used(): number;
}

/** `onUse` is told whenever the number of used ones has changed. */
export function createSlots(total: number, onUse: () => void = () => {}): Slots {
  const held = new Map<Slot, "reserved" | "used">();
  const numbers = new Set(Array.from({ length: total }, (_, index) => index));
  return {
    total,
    reserveSlot() {
      const [number] = numbers;
      if (number === undefined) return undefined;
      numbers.delete(number);
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
      numbers.add(slot.number);
      if (state === "used") onUse();
    },
    free: () => numbers.size,
    used: () => [...held.values()].filter((state) => state === "used").length,
  };
}
