/** What every stored state carries. */
export interface Versioned {
  /** Version of the record's shape. */
  v: 1;
  /** Rises by one with every write; every write is conditional on the one that was read. */
  version: number;
  /** When something must happen to this record, whatever dies: the reconciler looks then. Absent once it has ended. */
  dueAtMs?: number;
}

/** What a reducer returns: the next state, and what the shell must do once that state is stored. */
export interface Step<State, Effect> {
  state: State;
  effects: Effect[];
}
