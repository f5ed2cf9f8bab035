import type { EndStage, Stage } from "./messages.js";

/** Whether nothing comes behind this stage of a message. */
export function isEnd(stage: Stage): stage is EndStage {
  switch (stage.stage) {
    case "delivered":
    case "dropped":
    case "rejected":
    case "discarded":
      return true;
    case "accepted":
    case "processing":
    case "retrying":
    case "dead":
      return false;
  }
}
