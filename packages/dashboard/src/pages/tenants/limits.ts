import { tenantLimits } from "@steward/contracts/defaults";
import type { QuotaName } from "@steward/contracts/limits";
import type { TenantDetails } from "@steward/contracts/tenant";

export const limitNames = Object.keys(tenantLimits) as QuotaName[];

const bytesInGigabyte = 1024 ** 3;

/** As it is typed: what counts bytes is typed in GB, all else as it is. */
export const limitUnits: Partial<Record<QuotaName, string>> = { modelUsdPerMonth: "US$", outputBytesPerDay: "GB" };

export function shownLimit(name: QuotaName, value: number): number {
  return name === "outputBytesPerDay" ? value / bytesInGigabyte : value;
}

/** A limit as it is typed; `undefined`: the installation's default. */
export type LimitsDraft = Record<QuotaName, number | undefined>;

export function draftOf({ limits, ownLimits }: Pick<TenantDetails, "limits" | "ownLimits">): LimitsDraft {
  return Object.fromEntries(
    limitNames.map((name) => [name, ownLimits.includes(name) ? shownLimit(name, limits[name]) : undefined]),
  ) as LimitsDraft;
}

/** What `PUT /tenants/{id}/limits` takes: what is absent is the default again. */
export function limitsBody(draft: LimitsDraft): Partial<Record<QuotaName, number>> {
  return Object.fromEntries(
    limitNames.flatMap((name) => {
      const value = draft[name];
      if (value === undefined) return [];
      return [[name, name === "outputBytesPerDay" ? Math.round(value * bytesInGigabyte) : value]];
    }),
  );
}

export function limitProblem(name: QuotaName, value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (!Number.isFinite(value) || value < 0) return "must be a number from 0 on";
  const isWhole = name !== "modelUsdPerMonth" && name !== "outputBytesPerDay";
  return isWhole && !Number.isInteger(value) ? "must be a whole number" : undefined;
}

export function isSameDraft(one: LimitsDraft, other: LimitsDraft): boolean {
  return limitNames.every((name) => one[name] === other[name]);
}
