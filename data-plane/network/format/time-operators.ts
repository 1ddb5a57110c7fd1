import type { StreamOutcome } from "./format-source.ts";
import type { Operator, OperatorTable } from "./operator.ts";
import { parseTimeFormat } from "./time-format.ts";

function moment(of: (outcome: StreamOutcome) => number, isLocal: boolean): Operator {
  return {
    argument: "optional",
    hasLength: false,
    read(argument) {
      const format = parseTimeFormat(argument, isLocal);
      if (typeof format !== "function") return format;
      return ({ outcome }) => outcome && format(of(outcome));
    },
  };
}

const started = ({ startedAtMs }: StreamOutcome): number => startedAtMs;
const ended = ({ endedAtMs }: StreamOutcome): number => endedAtMs;

export const timeOperators: OperatorTable = {
  START_TIME: moment(started, false),
  START_TIME_LOCAL: moment(started, true),
  EMIT_TIME: moment(ended, false),
  EMIT_TIME_LOCAL: moment(ended, true),
};
