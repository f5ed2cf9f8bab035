import { pureFolders } from "./floors.mjs";

/**
 * @param {readonly string[]} names
 * @param {string} port
 */
const throughPorts = (names, port) => names.map((name) => ({ name, message: `floors 0 to 3 get it through ${port}` }));

const restrictedGlobals = [
  ...throughPorts(["Date", "performance"], "the port Clock"),
  ...throughPorts(["setTimeout", "setInterval", "setImmediate", "requestAnimationFrame"], "the port Clock"),
  ...throughPorts(["clearTimeout", "clearInterval", "clearImmediate", "requestIdleCallback"], "the port Clock"),
  ...throughPorts(["queueMicrotask", "scheduler", "MessageChannel"], "the port Turns"),
  ...throughPorts(["crypto"], "the port Random"),
  ...throughPorts(["console"], "the port Logger"),
  ...throughPorts(["fetch", "WebSocket", "WebSocketStream", "EventSource", "XMLHttpRequest"], "a port of its own"),
  ...throughPorts(["Worker", "BroadcastChannel", "localStorage", "sessionStorage", "indexedDB"], "a port of its own"),
  ...throughPorts(["process", "Buffer", "require", "module"], "a port of its own: browsers have none"),
  ...throughPorts(["navigator", "location", "document", "window", "self"], "a port of its own: Node has none"),
  ...throughPorts(["globalThis", "global"], "a port: by its name, and not through the global object"),
];

const restrictedProperties = [
  { object: "Math", property: "random", message: "floors 0 to 3 get it through the port Random" },
  { object: "AbortSignal", property: "timeout", message: "floors 0 to 3 get it through the port Clock" },
];

/** For every file: what the house style says and a linter can see. */
const houseRules = {
  // Promises and unions.
  "typescript/no-floating-promises": ["error", { ignoreVoid: false }],
  "typescript/no-misused-promises": "error",
  "typescript/return-await": "error",
  "typescript/only-throw-error": "error",
  "typescript/prefer-promise-reject-errors": "error",
  "typescript/use-unknown-in-catch-callback-variable": "error",
  "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: false }],
  // Types.
  "typescript/no-explicit-any": "error",
  "typescript/no-non-null-assertion": "error",
  "typescript/no-unsafe-argument": "error",
  "typescript/no-unsafe-assignment": "error",
  "typescript/no-unsafe-call": "error",
  "typescript/no-unsafe-member-access": "error",
  "typescript/no-unsafe-return": "error",
  "typescript/no-unsafe-type-assertion": "error",
  "typescript/no-unsafe-function-type": "error",
  "typescript/no-unnecessary-type-assertion": "error",
  "typescript/consistent-type-imports": "error",
  "typescript/consistent-type-exports": "error",
  "typescript/no-import-type-side-effects": "error",
  "typescript/ban-ts-comment": ["error", { "ts-expect-error": "allow-with-description", minimumDescriptionLength: 10 }],
  "typescript/no-deprecated": "error",
  "typescript/restrict-plus-operands": "error",
  "typescript/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
  "typescript/no-namespace": "error",
  "typescript/no-require-imports": "error",
  "typescript/prefer-readonly": "error",
  // Shape.
  "max-lines": ["error", { max: 400 }],
  "max-lines-per-function": ["error", { max: 70 }],
  "max-params": ["error", { max: 3 }],
  eqeqeq: "error",
  "no-var": "error",
  "prefer-const": "error",
  "no-fallthrough": "error",
  "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx", "hack"], location: "anywhere" }],
  "no-underscore-dangle": "error",
  // Imports.
  "import/no-default-export": "error",
  "import/no-cycle": ["error", { ignoreTypes: false }],
  "import/no-self-import": "error",
  "import/no-mutable-exports": "error",
  "import/no-commonjs": "error",
  "import/no-unassigned-import": "error",
  "import/no-named-as-default-member": "off",
  "unicorn/prefer-node-protocol": "error",
  "unicorn/filename-case": ["error", { case: "kebabCase" }],
  // Matters of taste in the categories below, which the house style does not share.
  "no-shadow": "off",
  "promise/always-return": "off",
  "unicorn/consistent-function-scoping": "off",
  "unicorn/no-array-fill-with-reference-type": "off",
  "unicorn/no-array-sort": "off",
  "unicorn/no-array-reverse": "off",
  "typescript/consistent-return": "off",
  "typescript/no-generated-empty-object-type": "off",
  "typescript/no-unnecessary-type-parameters": "off",
};

export default {
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise"],
  categories: { correctness: "error", suspicious: "error" },
  env: { builtin: true },
  options: { denyWarnings: true, reportUnusedDisableDirectives: "error", typeAware: true },
  // bench/ is a workspace of its own, which runs against the built package: its types are there after a build only.
  ignorePatterns: ["dist", "build", "coverage", "bench"],
  rules: houseRules,
  overrides: [
    {
      files: ["**/*.test.ts", "test/**"],
      plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise", "vitest"],
      rules: {
        "vitest/no-focused-tests": "error",
        "vitest/no-disabled-tests": "error",
        "vitest/no-identical-title": "error",
        "vitest/expect-expect": [
          "error",
          { assertFunctionNames: ["expect", "expect.**", "expectTypeOf", "fc.assert"] },
        ],
        // An assertion on a promise can begin before the clock moves and be awaited after it.
        "vitest/valid-expect": "off",
        "max-lines-per-function": "off",
        "max-params": "off",
        // A test feeds values of every type on purpose, and stands fakes where the types want the whole.
        "typescript/no-unsafe-argument": "off",
        "typescript/no-unsafe-assignment": "off",
        "typescript/no-unsafe-member-access": "off",
        "typescript/no-unsafe-type-assertion": "off",
        "typescript/no-unsafe-return": "off",
        "typescript/prefer-promise-reject-errors": "off",
        "typescript/unbound-method": "off",
        "typescript/require-array-sort-compare": "off",
        "no-constant-binary-expression": "off",
      },
    },
    {
      files: ["*.config.ts", "*.mjs"],
      rules: { "import/no-default-export": "off" },
    },
    {
      // Their types are comments, and a comment cannot say "unknown until checked".
      files: ["**/*.mjs"],
      rules: { "typescript/no-unsafe-assignment": "off", "typescript/no-unsafe-return": "off" },
    },
    { files: ["src/**"], rules: { "no-console": "error" } },
    {
      files: pureFolders.map((folder) => `src/${folder}/**`),
      excludeFiles: ["**/*.test.ts"],
      rules: {
        "import/no-nodejs-modules": "error",
        "no-restricted-globals": ["error", ...restrictedGlobals],
        "no-restricted-properties": ["error", ...restrictedProperties],
      },
    },
  ],
};
