import type { Problem } from "../../base/problem.ts";
import type { Compiled, Group } from "../../config/compiled.ts";
import { nounOf } from "../../config/resource-types.ts";
import type { Resource } from "../../config/resource.ts";
import type { Message } from "../../schema/message.ts";
import type { Schema } from "../../schema/schema.ts";
import { BOOTSTRAP, CLUSTER, SECRET, typeNameOf } from "../../schema/type-urls.ts";
import { isTriable, trialBootstrap } from "./trial-bootstrap.ts";

/** What Envoy said of a bootstrap: undefined when it is fine, else its reason. */
export type AskEnvoy = (bootstrap: Buffer) => Promise<string | undefined>;

/**
 * What a real Envoy has against the resources of each group. A group that it takes as a whole costs one question. Else each
 * resource is tried by itself, with the clusters and secrets that it may name, so that the problem stands at its line.
 * Groups with the same resources are asked about once.
 */
export async function envoyOpinion(schema: Schema, compiled: Compiled, ask: AskEnvoy): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const group of compiled.groups.values()) {
    const resources = group.resources.filter(isTriable);
    const reason = await ask(trialBootstrap(schema, resources, compiled.bootstrapClusters));
    if (reason === undefined) continue;
    const found = await eachAlone(schema, resources, compiled.bootstrapClusters, ask);
    problems.push(...(found.length > 0 ? found : [ofGroup(group, reason)]));
  }
  return problems;
}

/** What a real Envoy has against a bootstrap. */
export async function envoyOpinionOfBootstrap(
  schema: Schema,
  bootstrap: Message,
  ask: AskEnvoy,
): Promise<Problem[]> {
  const reason = await ask(schema.encode(typeNameOf(BOOTSTRAP), bootstrap));
  if (reason === undefined) return [];
  return [{ code: "envoy-refuses", severity: "error", message: `Envoy refuses this bootstrap: ${reason}` }];
}

async function eachAlone(
  schema: Schema,
  resources: readonly Resource[],
  bootstrapClusters: readonly string[],
  ask: AskEnvoy,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  // Those that others name come first; once refused, they are left out of what the others are tried with.
  const good: Resource[] = [];
  for (const resource of [...resources].sort((a, b) => Number(isNamed(b)) - Number(isNamed(a)))) {
    const beside = isNamed(resource) ? [] : good;
    const reason = await ask(trialBootstrap(schema, [...beside, resource], bootstrapClusters));
    if (reason !== undefined) problems.push(ofResource(resource, reason));
    else if (isNamed(resource)) good.push(resource);
  }
  return problems;
}

/** True for what other resources name. */
function isNamed({ typeUrl }: Resource): boolean {
  return typeUrl === CLUSTER || typeUrl === SECRET;
}

function ofResource({ typeUrl, name, origin }: Resource, reason: string): Problem {
  return {
    code: "envoy-refuses",
    severity: "error",
    message: `Envoy refuses ${nounOf(typeUrl)} ${JSON.stringify(name)}: ${reason}`,
    ...(origin && { place: origin.place }),
  };
}

function ofGroup({ name }: Group, reason: string): Problem {
  return {
    code: "envoy-refuses",
    severity: "error",
    message: `Envoy refuses the resources of group ${name} as a whole: ${reason}`,
  };
}
