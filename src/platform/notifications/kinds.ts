import type { App } from '#platform/app.ts'
import type { MailChannel, Module, NotificationDeclaration } from '#platform/module.ts'
import { errors } from './errors.ts'

export const mailChannels = ['at_once', 'digest', 'never'] as const satisfies readonly MailChannel[]

const known = new WeakMap<readonly Module[], ReadonlyMap<string, NotificationDeclaration>>()

/** What the modules of this program tell people, by kind. */
export function kindsOf({ modules }: Pick<App, 'modules'>): ReadonlyMap<string, NotificationDeclaration> {
  let kinds = known.get(modules)
  if (!kinds) {
    kinds = new Map(modules.flatMap(module => Object.entries(module.notifications ?? {})))
    known.set(modules, kinds)
  }
  return kinds
}

/** Refuses what no module declares. */
export function getKind(app: Pick<App, 'modules'>, kind: string): NotificationDeclaration {
  const declared = kindsOf(app).get(kind)
  if (!declared) throw errors.kindUnknown({ kind })
  return declared
}
