/**
 * The one table of floors. A folder imports only from lower floors; folders on one floor do not import each other;
 * type imports count. The linter, the dependency rules, the coverage thresholds and the tidiness tests read it here.
 *
 * @type {readonly { readonly floor: number; readonly folders: readonly string[] }[]}
 */
export const floors = [
  { floor: 0, folders: ["kernel"] },
  { floor: 1, folders: ["protocol", "wire", "contract"] },
  { floor: 2, folders: ["websocket", "hub", "auth", "pipeline"] },
  { floor: 3, folders: ["session", "client"] },
  {
    floor: 4,
    folders: [
      "adapters/node",
      "adapters/bun",
      "adapters/browser",
      "adapters/memory",
      "adapters/lmdb",
      "adapters/jose",
      "testing",
    ],
  },
  { floor: 5, folders: ["engine"] },
  { floor: 6, folders: ["server", "entry", "worker"] },
  { floor: 7, folders: ["cli"] },
];

/** The files that hold ports for adapters to implement. */
const ports = [
  "websocket/ports[.]ts$",
  "hub/store[.]ts$",
  "pipeline/(job|group)-store[.]ts$",
  "client/ports[.]ts$",
  "auth/(password|token)-ports[.]ts$",
];

/**
 * Folders that may import less than the floors below them: each names all that it sees, as regular expressions on
 * paths under `src/`. An adapter sees the kernel and the ports.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const seesOnly = {
  client: ["kernel/", "protocol/", "wire/", "contract/"],
  "adapters/node": ["kernel/", ...ports],
  "adapters/bun": ["kernel/", ...ports],
  "adapters/browser": ["kernel/", ...ports],
  "adapters/memory": ["kernel/", ...ports],
  "adapters/lmdb": ["kernel/", ...ports],
  "adapters/jose": ["kernel/", ...ports],
};

/** What `src/index.ts`, the package's root export, sees. */
export const rootSees = ["kernel/", "contract/"];

/** Folders that run anywhere: no `node:` module, and time, randomness, bytes and tasks come in through ports. */
export const pureFolders = foldersUpTo(3);

/** Folders whose lines and branches the tests cover wholly. */
export const wholeCoverageFolders = foldersUpTo(2);

/** Folders and files that run in a browser: they compile without Node's types. */
export const withoutNode = [...pureFolders, "adapters/browser", "entry/client-browser.ts"];

/** @param {number} highest */
function foldersUpTo(highest) {
  return floors.filter(({ floor }) => floor <= highest).flatMap(({ folders }) => folders);
}
