/** The demo's customers. */
export const demoTenants = [
  { slug: "acme", name: "Acme", sites: ["berlin", "hamburg"] },
  { slug: "birch", name: "Birch", sites: ["london", "leeds"] },
  { slug: "cedar", name: "Cedar", sites: ["vienna", "graz"] },
] as const;
export type DemoTenant = (typeof demoTenants)[number];

export interface DemoAppliance {
  /** `acme-berlin-01` */
  name: string;
  tenant: DemoTenant["slug"];
  tags: string[];
  doorbell: "pull" | "ssm";
  /** A disk that is nearly full. */
  diskPercent?: number;
  /** It stops beating after so many seconds. */
  silentAfterSeconds?: number;
}

const silentAfterSeconds = 180;

/**
 * `count` appliances, spread over the tenants and their sites. The first of each tenant is its canary; of three or more,
 * one has a full disk and one falls silent.
 */
export function demoAppliances(count: number): DemoAppliance[] {
  const perSite = new Map<string, number>();
  return Array.from({ length: count }, (_, index) => {
    const tenant = demoTenants[index % demoTenants.length] ?? demoTenants[0];
    const ofTenant = Math.floor(index / demoTenants.length);
    const site = tenant.sites[ofTenant % tenant.sites.length] ?? tenant.sites[0];
    const place = `${tenant.slug}-${site}`;
    const number = (perSite.get(place) ?? 0) + 1;
    perSite.set(place, number);
    return {
      name: `${place}-${String(number).padStart(2, "0")}`,
      tenant: tenant.slug,
      tags: [`site:${site}`, ofTenant === 0 ? "ring:canary" : "ring:stable"],
      doorbell: index % 2 === 0 ? ("pull" as const) : ("ssm" as const),
      ...(count >= 3 && index === 1 ? { diskPercent: 91 } : {}),
      ...(count >= 3 && index === count - 1 ? { silentAfterSeconds } : {}),
    };
  });
}
