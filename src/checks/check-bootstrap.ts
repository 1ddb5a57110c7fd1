import { nearest } from "../base/edit-distance.ts";
import type { Problem } from "../base/problem.ts";
import type { BootstrapFile } from "../config/bootstrap-file.ts";
import { distinctProblems } from "../config/distinct-problems.ts";
import { type Reference, referencesIn } from "../config/references.ts";
import { nounOf } from "../config/resource-types.ts";
import { placeOfNode } from "../config/source-tree.ts";
import type { MessageTypes } from "../schema/api.ts";
import type { Schema } from "../schema/schema.ts";
import { BOOTSTRAP, CLUSTER, SECRET, typeNameOf } from "../schema/type-urls.ts";
import { locate } from "../schema/yaml/locate.ts";
import { checkListeners } from "./check-listeners.ts";
import { checkRoutes } from "./check-routes.ts";
import { viewGroup } from "./group-view.ts";
import { lints } from "./lints.ts";
import { runLints, silence } from "./run-lints.ts";
import { traceTraffic } from "./traffic.ts";

/**
 * Everything that must or should hold for a bootstrap by itself. What its nodes would fetch over xDS is not looked
 * for; clusters of management servers and secrets without sds_config must be in the file.
 */
export function checkBootstrap(schema: Schema, bootstrap: BootstrapFile): Problem[] {
  const [group] = bootstrap.compiled.groups.values();
  if (!group) return [];
  const groupView = viewGroup(schema, group);
  const view = { ...groupView, traffic: traceTraffic(groupView) };
  return distinctProblems([
    ...danglingReferences(schema, bootstrap),
    ...checkListeners(view),
    ...checkRoutes(view, view.traffic),
    ...silence(runLints(view, lints), bootstrap.compiled.ignores, lints),
  ]);
}

function danglingReferences(schema: Schema, { node, message }: BootstrapFile): Problem[] {
  if (!message) return [];
  const bootstrap: MessageTypes["envoy.config.bootstrap.v3.Bootstrap"] = message;
  const names: Readonly<Record<string, readonly string[]>> = {
    [CLUSTER]: bootstrap.static_resources?.clusters?.map(({ name }) => name ?? "") ?? [],
    [SECRET]: bootstrap.static_resources?.secrets?.map(({ name }) => name ?? "") ?? [],
  };
  const hasMoreClusters = bootstrap.dynamic_resources?.cds_config !== undefined;
  const isDangling = ({ typeUrl, name, lookup }: Reference) => {
    if (names[typeUrl]?.includes(name)) return false;
    if (lookup === "bootstrap") return true;
    return typeUrl === CLUSTER && !hasMoreClusters;
  };
  return referencesIn(schema, typeNameOf(BOOTSTRAP), message)
    .filter(isDangling)
    .map(({ typeUrl, name, path }) => {
      const suggestion = nearest(name, names[typeUrl] ?? []);
      return {
        code: "unknown-reference",
        severity: "error",
        message: `the bootstrap has no ${nounOf(typeUrl)} ${JSON.stringify(name)}`,
        place: placeOfNode(locate(node, path)),
        path,
        ...(suggestion ? { suggestion } : {}),
      } satisfies Problem;
    });
}
