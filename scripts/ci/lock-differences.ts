interface LockedPackage {
  version?: string;
  integrity?: string;
  optional?: boolean;
}

/** The part of a package-lock.json that is looked at. */
export interface Lock {
  packages: Record<string, LockedPackage>;
}

/**
 * What an install changed of what was locked. A package for another platform may come or go: a registry that lacks it,
 * or has it only later, leaves it out of the lock, and nothing that is installed here depends on that.
 */
export function lockDifferences(before: Lock, after: Lock): string[] {
  const names = [...new Set([...Object.keys(before.packages), ...Object.keys(after.packages)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before.packages[name], after.packages[name]];
    if (was === undefined || is === undefined) {
      if ((was ?? is)?.optional === true) return [];
      return [`${name} was ${was === undefined ? "added" : "removed"}`];
    }
    if (was.version !== is.version) return [`${name}: ${was.version} became ${is.version}`];
    return was.integrity === is.integrity ? [] : [`${name}@${is.version}: its content became another one`];
  });
}
