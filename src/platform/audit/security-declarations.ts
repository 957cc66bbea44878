import { type Static, Type } from 'typebox'
import { oneOf } from '#platform/http'
import { type Module, type SecurityEventDeclaration, securityCategories, securitySeverities } from '#platform/module.ts'

/** A kind of security event. */
export const SecurityDeclaration = Type.Object({
  event: Type.String({ description: 'What `event` of the security events is' }),
  severity: oneOf(securitySeverities),
  category: oneOf(securityCategories),
  description: Type.String(),
})
export type SecurityDeclaration = Static<typeof SecurityDeclaration>

const declared = new Map<string, SecurityEventDeclaration>()

/** MT-22: from now on events of this process are noted as the modules declare them. Refuses two meanings of one name. */
export function declareSecurityEvents(modules: readonly Module[]): void {
  for (const [name, declaration] of modules.flatMap(({ securityEvents = {} }) => Object.entries(securityEvents))) {
    const known = declared.get(name)
    if (known && known !== declaration) throw new Error(`The security event ${name} is declared twice`)
    declared.set(name, declaration)
  }
}

/** A name may say the table too, where several have an action of that name: `identity.users:suspend`. */
export function findSecurityDeclaration(
  action: string,
  resource?: string | null,
): SecurityEventDeclaration | undefined {
  return declared.get(`${resource}:${action}`) ?? declared.get(action)
}

/** All kinds, in order of their descriptions. */
export function declaredSecurityEvents(): SecurityDeclaration[] {
  return [...declared]
    .map(([name, { severity, category, description }]) => ({
      event: name.split(':').at(-1) as string,
      severity,
      category,
      description,
    }))
    .toSorted((one, other) => one.description.localeCompare(other.description))
}
