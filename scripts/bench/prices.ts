/**
 * List prices in US dollars, us-east-1, without free tiers or discounts, as AWS's public pricing pages gave them in June
 * 2026. Europe is 5 to 20 % dearer for most of them.
 */
export const prices = {
  asOf: "June 2026",
  httpApiPerMillion: 1.0,
  lambdaPerMillion: 0.2,
  /** arm64. */
  lambdaPerGbSecond: 0.0000133334,
  dynamoWritePerMillion: 0.625,
  dynamoReadPerMillion: 0.125,
  sqsPerMillion: 0.4,
  s3WritePerMillion: 5.0,
  s3ReadPerMillion: 0.4,
  /** Of an elliptic key. */
  kmsSignPerMillion: 15.0,
  secretReadPerMillion: 5.0,
  /**
   * Of an on-premises machine that SSM calls. Up to 1,000 of an account and region are free (standard tier); for more the
   * account turns to the advanced tier, in which each of them is paid for, the first 1,000 as well.
   */
  ssmAdvancedHour: 0.00695,
  dataOutPerGb: 0.09,
  kmsKeyPerMonth: 1.0,
  secretPerMonth: 0.4,
  /** For each metric that an alarm looks at. */
  alarmMetricPerMonth: 0.1,
  customMetricPerMonth: 0.3,
  dashboardPerMonth: 3.0,
  logsPerGb: 0.5,
  gpuHour: { "g6.xlarge": 0.8048, "g5.xlarge": 1.006, "g4dn.xlarge": 0.526 },
} as const;
