import { AppError } from "@steward/contracts/errors";
import type { Context, WithObjects } from "./context.ts";

const urlSeconds = 300;

/** Where a bundle of the current release is. Others are not given out. */
export async function getBundle(
  deps: Pick<Context, "release"> & WithObjects,
  params: { digest: string },
): Promise<{ url: string }> {
  const { release } = await deps.release();
  if (!release.actions.some((action) => action.bundle === params.digest)) {
    throw new AppError("not_found", "no action of the current release uses this bundle");
  }
  return { url: await deps.objects.presignedGet(deps.bundleBucket, bundleKey(params.digest), urlSeconds) };
}

export function bundleKey(digest: string): string {
  return `${digest}.tar.gz`;
}
