import { type Queryable, sql } from '#platform/database'
import type { OnboardingStep } from '#platform/module.ts'

const isSo = async (tx: Queryable, condition: ReturnType<typeof sql>) =>
  (await tx.one(sql<{ isSo: boolean }>`select ${condition} as is_so`)).isSo

/** What who makes a tenant does first. */
export const firstSteps: Readonly<Record<string, OnboardingStep>> = {
  'tenancy.describe': {
    title: 'Describe the workspace',
    text: 'A sentence about what it is for, and whom members ask.',
    link: '/settings',
    permission: 'tenancy.settings.write',
    isDone: tx =>
      isSo(
        tx,
        sql`exists (select from tenancy.tenants where id = ${tx.scope.tenantId} and settings ?| array['description', 'contactEmail'])`,
      ),
  },
  'tenancy.look': {
    title: 'Give it your logo and colour',
    text: 'Members see at a glance where they are.',
    link: '/settings/appearance',
    permission: 'tenancy.settings.write',
    isDone: tx =>
      isSo(
        tx,
        sql`exists (select from tenancy.tenants where id = ${tx.scope.tenantId} and (logo is not null or colors <> '{}'))`,
      ),
  },
  'tenancy.people': {
    title: 'Invite the others',
    text: 'Somebody with the role owner besides you is good to have.',
    link: '/members',
    isDone: tx => isSo(tx, sql`(select count(*) > 1 from tenancy.user_tenants where tenant_id = ${tx.scope.tenantId})`),
  },
  'tenancy.security': {
    title: 'Decide how people sign in',
    text: 'Second factors, how long sessions last, and from where. Tick it off when it is as you want it.',
    link: '/settings/security',
    permission: 'tenancy.security.write',
  },
}
