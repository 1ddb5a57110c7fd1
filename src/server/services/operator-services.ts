import type { Clock } from "../../base/clock.ts";
import type { Loads } from "../../fleet/loads.ts";
import type { Schema } from "../../schema/schema.ts";
import { v3Types } from "../../xds/type-traits.ts";
import { discoveryShapes } from "../discovery-services.ts";
import { csdsService, type CsdsSource } from "./csds-service.ts";
import type { GrpcService } from "./grpc-service.ts";
import { Health } from "./health-service.ts";
import { lrsService } from "./lrs-service.ts";
import { reflectionServices, shapeOf } from "./reflection-service.ts";

export interface OperatorServicesOptions extends CsdsSource {
  readonly schema: Schema;
  readonly loads: Loads;
  readonly clock: Clock;
}

/** What an xDS server offers beside resources and health: CSDS, LRS and reflection of all of it. */
export function operatorServices(options: OperatorServicesOptions): readonly GrpcService[] {
  const { schema } = options;
  const services = [csdsService(schema, options), lrsService(options)];
  const shapes = [...discoveryShapes(v3Types), ...[new Health([]).service, ...services].map(shapeOf)];
  return [...services, ...reflectionServices(schema, shapes)];
}
