import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import type { TenantTemplate } from '#platform/module.ts'
import { errors } from './errors.ts'

/** A template as somebody chooses it. */
export const TemplateChoice = Type.Object({
  name: Type.String(),
  label: Type.String(),
  description: Type.String(),
})
export type TemplateChoice = Static<typeof TemplateChoice>

/** What a tenant is made from where no template is named. */
export const standardTemplate = 'standard'

/** What the modules of this program offer to begin with, the standard first. */
export function listTemplates(app: App): TemplateChoice[] {
  return Object.entries(templatesOf(app)).map(([name, { label, description }]) => ({ name, label, description }))
}

/** The template of this name, of none the standard. Refuses with `tenancy.template_unknown`. */
export function getTemplate(app: App, name = standardTemplate): TenantTemplate {
  const templates = templatesOf(app)
  const template = Object.hasOwn(templates, name) ? templates[name] : undefined
  if (!template) throw errors.templateUnknown({ name })
  return template
}

const templatesOf = ({ modules }: App): Record<string, TenantTemplate> =>
  Object.assign({}, ...modules.map(({ tenantTemplates }) => tenantTemplates))

/** Writes what a template says about the tenant itself and its organizations; its roles are the business of access. */
export async function applyTemplate(
  tx: Queryable,
  { settings = {}, features = {}, organizations = [] }: TenantTemplate,
) {
  await tx.run(sql`
    update tenancy.tenants
    set settings = ${json(settings)}, features = ${json(features)}
    where id = ${tx.scope.tenantId}`)
  for (const { name, slug, parent = null } of organizations) {
    await tx.run(sql`
      insert into tenancy.organizations (name, slug, parent_id)
      values (
        ${name},
        ${slug},
        (select id from tenancy.organizations where tenant_id = ${tx.scope.tenantId} and slug = ${parent})
      )`)
  }
}
