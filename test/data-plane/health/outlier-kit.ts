import type { OutlierDetectionConfig } from "../../../data-plane/resources/outlier-detection.ts";
import { parseOutlierDetection } from "../../../data-plane/resources/outlier-detection.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { message, parseContext, valueOf } from "../parse-kit.ts";

/** The configuration of an `outlier_detection` in YAML. */
export function outlierConfig(yaml = "{}"): OutlierDetectionConfig {
  const typeName = "envoy.config.cluster.v3.OutlierDetection";
  const config = asType(typeName, message(typeName, yaml));
  return valueOf({
    value: undefined,
    ...parseOutlierDetection(config, parseContext(), "outlier_detection"),
  })!;
}
