// Run from the top of the repository: what is linted lies beside this folder, not in it.
import js from "@eslint/js"
import compat from "eslint-plugin-compat"
import globals from "globals"

export default [
  {ignores: ["**/node_modules/**"]},
  js.configs.recommended,
  // Nothing that one of these lacks.
  compat.configs["flat/recommended"],
  {settings: {browsers: ["last 2 Chrome versions", "last 2 Firefox versions", "Firefox ESR", "last 2 Safari major versions"]}},
  {languageOptions: {ecmaVersion: 2022, sourceType: "module", globals: globals.browser}},
]
