// The rules for all JavaScript: the browser's code (ui/assets/js), the npm package, the benchmark, and their
// tests. Formatting is Prettier's, names and types are tsc's.
import js from "@eslint/js";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off", // tsc knows every name, also those of the browser
      "no-unused-vars": [
        "error",
        { args: "after-used", argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "none" },
      ],
      "no-var": "error",
      "prefer-const": "error",
      "object-shorthand": "error",
      "prefer-template": "off",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-shadow": "error",
      "no-throw-literal": "error",
      "no-else-return": "error",
      "no-promise-executor-return": "off",
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "default-case-last": "error",
      "array-callback-return": "error",
      complexity: ["error", 20],
      "max-depth": ["error", 4],
      "max-lines": ["error", 400],
      "max-params": ["error", 5],
    },
  },
  {
    files: ["ui/assets/js/**"],
    // A module that closes over its state is one function: a factory with what it returns.
    rules: { "max-lines-per-function": ["error", { max: 150, skipComments: true, skipBlankLines: true }] },
  },
  {
    files: ["ui/assets/js/client/codes.js"], // generated
    rules: { "max-lines": "off" },
  },
  {
    files: ["tests/ui/js/**", "clients/js/test/**"],
    rules: { "max-depth": "off", "no-console": "off" },
  },
  {
    files: ["clients/js/examples/**", "clients/js/scripts/**", "bench/peers/**"], // programs, which print
    rules: { "no-console": "off" },
  },
];
