// Preloaded into each test process: the libraries come from the bundles of `bundles.ts`.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What the program imports of them. */
export const bundled = ['kysely', 'typebox', 'typebox/compile', 'typebox/system', 'typebox/value']

const folder = process.env.COMMONHOLD_TEST_BUNDLES

if (folder !== undefined) {
  const addresses = new Map(
    bundled.map(specifier => [specifier, pathToFileURL(join(folder, `${specifier.replace('/', '-')}.mjs`)).href]),
  )
  registerHooks({
    resolve(specifier, context, next) {
      const url = addresses.get(specifier)
      if (url !== undefined) return { url, shortCircuit: true }
      // It would be there twice.
      if (/^(kysely|typebox)\//.test(specifier) && !context.parentURL?.includes('/node_modules/'))
        throw new Error(`${specifier} has to be named in test/support/bundles-hook.ts`)
      return next(specifier, context)
    },
  })
}
