import type { LaneMinute } from "@steward/aws/records/lane-minute";
import type { Lane } from "@steward/contracts/names";
import { rateMinutes } from "@steward/contracts/queues";
import type { LaneLoad } from "@steward/core/job/expected-wait";
import { type PredictionError, predictionErrorOf } from "@steward/core/job/predict-job";
import { sumOfRatios } from "@steward/core/job/ratio-counts";
/** What came into a lane and went out of it over the last `rateMinutes`. */
export interface LaneRates {
  arrivalsPerMinute: number;
  donePerMinute: number;
  failedPerMinute: number;
  serviceSeconds?: number;
  waitedSeconds?: number;
  predictionErrorSeconds?: number;
  predictionError?: PredictionError;
  /** Squared coefficient of variation of the service time. */
  variation?: number;
}

export function ratesOf(minutes: readonly LaneMinute[], lane: Lane): LaneRates {
  const own = minutes.filter(({ queue }) => queue === lane);
  const sum = (name: Exclude<keyof LaneMinute, "minuteMs" | "queue" | "kind" | "ratios">) =>
    own.reduce((total, minute) => total + minute[name], 0);
  const ended = sum("completions") + sum("failures");
  const seconds = ended === 0 ? 0 : sum("serviceMs") / 1000 / ended;
  const [waits, predicted] = [sum("waits"), sum("predicted")];
  const predictionError = predictionErrorOf(sumOfRatios(own.map(({ ratios }) => ratios.error)));
  return {
    arrivalsPerMinute: sum("arrivals") / rateMinutes,
    donePerMinute: sum("completions") / rateMinutes,
    failedPerMinute: sum("failures") / rateMinutes,
    ...(seconds === 0
      ? {}
      : {
          serviceSeconds: seconds,
          variation: Math.max(0, sum("serviceSquaredS2") / ended / seconds ** 2 - 1),
        }),
    ...(waits === 0 ? {} : { waitedSeconds: sum("waitMs") / 1000 / waits }),
    ...(predicted === 0 ? {} : { predictionErrorSeconds: sum("predictionErrorMs") / 1000 / predicted }),
    ...(predictionError === undefined ? {} : { predictionError }),
  };
}

/** A lane as the expected wait is told of it. */
export function loadOf({
  lane,
  queued,
  inFlight,
  rates,
}: {
  lane: Lane;
  queued: number;
  inFlight: number;
  rates: LaneRates;
}): LaneLoad {
  return {
    lane,
    queued,
    inFlight,
    arrivalsPerSecond: rates.arrivalsPerMinute / 60,
    serviceSeconds: rates.serviceSeconds,
    serviceVariation: rates.variation,
  };
}
