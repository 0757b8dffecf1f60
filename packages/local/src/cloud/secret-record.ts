export interface Version {
  id: string;
  createdAtMs: number;
  stages: string[];
  /** One of both; neither while a rotation has only announced the version. */
  text?: string;
  /** Base64. */
  binary?: string;
}

export interface RotationRules {
  AutomaticallyAfterDays?: number | undefined;
  Duration?: string | undefined;
  ScheduleExpression?: string | undefined;
}

/** What a secret's rotation is set to, and one that is under way. */
export interface Rotation {
  enabled: boolean;
  lambdaArn: string;
  rules: RotationRules;
  lastAtMs?: number | undefined;
  nextAtMs?: number | undefined;
  /** Tried again with pauses; given up after some tries, until the next one is due or asked for. */
  run?: { token: string; tries: number; retryAtMs: number; testOnly: boolean } | undefined;
}

/** Stored under `secret/{name}`, in the clear in a 0600 file: this is not a vault. */
export interface SecretRecord {
  name: string;
  suffix: string;
  description?: string;
  tags: { Key: string; Value: string }[];
  createdAtMs: number;
  changedAtMs: number;
  deletedAtMs?: number;
  purgeAtMs?: number;
  versions: Version[];
  rotation?: Rotation;
}

export const current = "AWSCURRENT";
export const previous = "AWSPREVIOUS";
export const pending = "AWSPENDING";

export function hasValue(version: Version): boolean {
  return version.text !== undefined || version.binary !== undefined;
}

export function holderOf(secret: SecretRecord, stage: string): Version | undefined {
  return secret.versions.find((version) => version.stages.includes(stage));
}

/** A stage is at one version at most. Where AWSCURRENT leaves, AWSPREVIOUS arrives. */
export function moveStage(versions: Version[], stage: string, to: string | undefined): Version[] {
  const holder = versions.find((version) => version.stages.includes(stage))?.id;
  if (holder === to) return versions;
  const moved = versions.map((version) => {
    const stages = version.stages.filter((one) => one !== stage);
    return { ...version, stages: version.id === to ? [...stages, stage] : stages };
  });
  return stage === current && holder !== undefined ? moveStage(moved, previous, holder) : moved;
}
