import { floors, withoutNode, rootSees, seesOnly } from "./floors.mjs";

/** @param {readonly string[]} folders */
const under = (folders) => `^src/(?:${folders.join("|")})/`;
const unitTest = "[.]test[.]ts$";

/** A folder imports from itself and from lower floors: for each folder, all the rest is forbidden. */
const floorRules = floors.flatMap(({ floor, folders }) =>
  folders.map((folder) => {
    const rest = floors
      .flatMap((other) => (other.floor < floor ? [] : other.folders))
      .filter((name) => name !== folder);
    return {
      name: `floor-${floor}-${folder.replace("/", "-")}`,
      comment: `src/${folder} is on floor ${floor} and imports only from lower floors`,
      severity: "error",
      from: { path: under([folder]), pathNot: unitTest },
      to: { path: [under(rest), "^src/[^/]+$"] },
    };
  }),
);

const narrowRules = Object.entries(seesOnly).map(([folder, seen]) => ({
  name: `narrow-${folder.replace("/", "-")}`,
  comment: `src/${folder} sees only what floors.mjs names for it`,
  severity: "error",
  from: { path: under([folder]), pathNot: unitTest },
  to: { path: "^src/", pathNot: [under([folder]), ...seen.map((path) => `^src/${path}`)] },
}));

/** A unit test may use what its source may not: the floor of adapters and `busbar/testing`, for clocks and networks. */
const unitTestRules = floors
  .filter(({ floor }) => floor < 4)
  .map(({ floor, folders }) => ({
    name: `unit-test-floor-${floor}`,
    comment: "a unit test imports from its own and lower floors, and from floor 4",
    severity: "error",
    from: { path: `${under(folders)}.*${unitTest}` },
    to: { path: under(floors.flatMap((other) => (other.floor > 4 ? other.folders : []))) },
  }));

const every = floors.flatMap(({ folders }) => folders);

export default {
  forbidden: [
    ...floorRules,
    ...narrowRules,
    ...unitTestRules,
    {
      name: "root-export",
      comment: "src/index.ts shows the contract and nothing else",
      severity: "error",
      from: { path: "^src/index[.]ts$" },
      to: { path: "^src/", pathNot: rootSees.map((path) => `^src/${path}`) },
    },
    {
      name: "no-folder-without-floor",
      comment: "every source stands in a folder that floors.mjs knows",
      severity: "error",
      from: { path: "^src/", pathNot: [under(every), "^src/index[.]ts$"] },
      to: {},
    },
    {
      name: "no-folder-without-floor-imported",
      comment: "every source stands in a folder that floors.mjs knows",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: [under(every), "^src/index[.]ts$"] },
    },
    {
      name: "no-node-module",
      comment: "these folders run in a browser too",
      severity: "error",
      from: { path: withoutNode.map((place) => `^src/${place}(?:/|$)`), pathNot: unitTest },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-package",
      comment: "busbar's sources have no dependencies, but for the store on LMDB and the signatures of tokens",
      severity: "error",
      from: { path: "^src/", pathNot: [unitTest, "^src/adapters/(lmdb/environment|jose/signature-checks)[.]ts$"] },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-test-in-source",
      comment: "a source does not import a test",
      severity: "error",
      from: { path: "^src/", pathNot: unitTest },
      to: { path: [unitTest, "^test/"] },
    },
    {
      name: "no-cycle",
      comment: "no file leads back to itself, not by types either",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "not-resolvable",
      comment: "what is imported exists",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
