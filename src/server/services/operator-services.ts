import type { Clock } from "../../base/clock.ts";
import type { LoadSink } from "../../fleet/loads.ts";
import type { Schema } from "../../schema/schema.ts";
import { v3Types } from "../../xds/type-traits.ts";
import { discoveryShapes } from "../discovery-services.ts";
import { csdsService } from "./csds-service.ts";
import type { Answer, GrpcService } from "./grpc-service.ts";
import { Health } from "./health-service.ts";
import { lrsService } from "./lrs-service.ts";
import { reflectionServices, shapeOf } from "./reflection-service.ts";

export interface OperatorServicesOptions {
  readonly schema: Schema;
  /** Answers questions about the status of all clients. */
  readonly clientStatus: Answer;
  readonly loads: LoadSink;
  readonly clock: Clock;
}

/** What an xDS server offers beside resources and health: CSDS, LRS and reflection of all of it. */
export function operatorServices(options: OperatorServicesOptions): readonly GrpcService[] {
  const { schema, clientStatus } = options;
  const services = [csdsService(clientStatus), lrsService(options)];
  const shapes = [...discoveryShapes(v3Types), ...[new Health([]).service, ...services].map(shapeOf)];
  return [...services, ...reflectionServices(schema, shapes)];
}
