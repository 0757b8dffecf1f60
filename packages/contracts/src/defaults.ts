/** Times and limits that are the same for everybody unless configured. Units are in the names. */
export const defaults = {
  heartbeatIntervalSeconds: 60,
  activeHeartbeatIntervalSeconds: 15,
  leaseSeconds: 30,
  jobAttempts: 5,
  jobDeadlineSeconds: { express: 60, standard: 300, bulk: 1800 },
  /** What Claude's turn needs at least. A job that workers have left less gets so much for it, once. */
  leastTurnSeconds: 10,
  overtimeSeconds: 30,
  /** How long a job waits for its tenant's other jobs before it gives up; its lane's deadline begins when it is let in. */
  heldBackSeconds: 3600,
  /** Jobs that a worker is expected to need no longer for; `bulk` takes the others. */
  laneUpToSeconds: { express: 5, standard: 30 },
  laneSloSeconds: { express: 10, standard: 60, bulk: 900 },
  /** A lane that so many turns of a worker in a row have passed over comes first once (decision 27). */
  mostPassedOver: 64,
  /** A queued record whose message was not confirmed as sent for so long is sent again. */
  resendAfterSeconds: 60,
  accessTokenSeconds: 3600,
  refreshTokenSeconds: 30 * 86_400,
  /** How long a refresh token that was used gets its successor again: for whoever lost the reply. */
  refreshAgainSeconds: 60,
  /** A session by an issuer ends then for good: whom the issuer has thrown out is out of Steward a day later. */
  issuerSessionSeconds: 86_400,
  /** How old an ID token may be when it is traded. */
  idTokenSeconds: 600,
  /** What a service token is traded for. */
  tokenSessionSeconds: 900,
  tokenDays: 90,
  maxTokenDays: 365,
  invitationSeconds: 7 * 86_400,
  certificateSeconds: 30 * 86_400,
  userCertificateSeconds: 90 * 86_400,
  /** How long after its end a certificate's key still gets a new one: `POST /renew-expired`. */
  lateRenewalSeconds: 90 * 86_400,
  /** A node renews every twenty days. More than this is a loop, or somebody who has its key. */
  renewalsPerDay: 5,
  /** Certificates in force that one person may have: one for each browser. */
  userCertificates: 10,
  /** A node that renews does so ten days before the end; one that has so little left and beats does not manage to. */
  certificateWarningSeconds: 5 * 86_400,
  enrolmentTokenSeconds: 86_400,
  planSeconds: 86_400,
  /** How long a task waits for an answer to its question, and a paused rollout for its resumption. */
  questionSeconds: 7 * 86_400,
  envelopeSeconds: 86_400,
  /** How long an agent may take up a configuration after it was signed; it is signed anew when it comes for it later. */
  signedConfigSeconds: 7 * 86_400,
  /** Added to the sum of a run's step timeouts to give its deadline. */
  runGraceSeconds: 60,
  idempotencySeconds: 86_400,
  maxBodyBytes: 256 * 1024,
  maxOutputBytes: 256 * 1024 * 1024,
  maxSteps: 10,
  maxInstructionCharacters: 2_000,
  /** Appliances whose own facts one question may use. */
  maxSupportTargets: 5,
  /** An answer, and its draft while it grows. */
  maxAnswerCharacters: 8_000,
  maxDraftCharacters: 16_384,
  /** A task holds its targets with their names, zipped (`packed-lists.ts`): an item may have 400 KB. */
  maxTargets: 5_000,
  /** Runs that a task is shown with; the others are listed page by page. */
  maxRunsShown: 200,
  /** Targets that a task is shown with in a list. */
  maxTargetsListed: 20,
  /** Pieces of one run's output: their hashes are kept in its record, 100 bytes each. */
  maxOutputChunks: 2_000,
  listLimit: 50,
  maxListLimit: 200,
  maxWaitSeconds: 20,
  /** Older than that a secret that a person gave is to be replaced. */
  givenSecretDays: 90,
  /** Older than that a secret that is rotated by itself was not: two turns were missed. */
  rotatedSecretDays: 65,
  /** Calls of one principal that wait at one time; a further one is answered at once. */
  maxWaits: 2,
} as const;

/** What a tenant may use where nobody has set its limits. The provider's staff sets others: `steward tenant limits`. */
export const tenantLimits = {
  appliances: 1_000,
  tasksPerDay: 2_000,
  queuedJobs: 200,
  modelUsdPerMonth: 50,
  outputBytesPerDay: 10 * 1024 ** 3,
} as const;

/** How long a tenant that was deleted can be had back, unless its deletion says otherwise; and the longest that it may say. */
export const deletionGraceDays = 30;
export const maxDeletionGraceDays = 90;

/** Health thresholds: `[warning, critical]`. Percent, and load average over one minute. */
export const defaultThresholds = {
  cpuPercent: [80, 95],
  memoryPercent: [85, 95],
  diskPercent: [80, 90],
  loadAverage1m: [4, 8],
} as const;

/** Up to here an appliance's interval is a matter of taste; one that is longer watches less. */
export const watchfulSeconds = 120;

/** Celsius, for sensors without limits of their own. */
export const usualTemperature = { warning: 85, critical: 95 };

/** Calls a second, and how many at once after a pause. `STEWARD_RATE_LIMITS` sets others. */
export const rateLimits = {
  /** Of one person or token, wherever it acts. */
  principal: { perSecond: 10, burst: 50 },
  /** Of all who act in one tenant; not of the provider's staff, who must get through to stop a flood. */
  tenant: { perSecond: 50, burst: 200 },
  /**
   * Of one address that is not signed in yet: logins, refreshed sessions, enrolments. What they prove cannot be guessed,
   * and behind one address (an office, or CloudFront for a page) are many: it keeps one of them from being the load of all.
   */
  source: { perSecond: 5, burst: 100 },
} as const;
export type RateName = keyof typeof rateLimits;
