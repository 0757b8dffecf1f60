/** Days and months in UTC: quotas begin anew with them, everywhere at the same moment. */
export interface Period {
  /** `2026-11-25` or `2026-11`: sorts as text. */
  name: string;
  endsAtMs: number;
  /** The first day after it: `2026-12-01`. */
  endsOn: string;
}

export function dayOf(nowMs: number): Period {
  const now = new Date(nowMs);
  return period(now, 10, Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
}

export function monthOf(nowMs: number): Period {
  const now = new Date(nowMs);
  return period(now, 7, Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
}

function period(now: Date, characters: number, endsAtMs: number): Period {
  return {
    name: now.toISOString().slice(0, characters),
    endsAtMs,
    endsOn: new Date(endsAtMs).toISOString().slice(0, 10),
  };
}
