import type { NavigationEntry } from './module.ts'
import type { Session } from './session.ts'

const key = 'commonhold-application'

/** The page to begin on: of the application that this browser was used for last in the workspace, where one may see it. */
export function startPageOf(
  navigation: readonly NavigationEntry[],
  { tenantId, permissions }: Pick<Session, 'tenantId' | 'permissions'>,
): string | undefined {
  if (tenantId === null) return undefined
  const open = navigation.filter(({ permission }) => !permission || permissions.includes(permission))
  const starts = open.filter(({ isStart }) => isStart)
  const last = remembered()[tenantId]
  return (starts.find(({ group }) => group === last) ?? starts[0] ?? open[0])?.to
}

/** Notes the application of a page; the pages about the workspace itself belong to none. */
export function rememberApplication(
  navigation: readonly NavigationEntry[],
  tenantId: string | null,
  section: string,
): void {
  const group = navigation.find(({ to }) => to === section)?.group
  if (tenantId === null || !navigation.some(entry => entry.isStart && entry.group === group)) return
  try {
    localStorage.setItem(key, JSON.stringify({ ...remembered(), [tenantId]: group }))
  } catch {
    // Without a store one begins on the first page.
  }
}

function remembered(): Record<string, string | undefined> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, string>) : {}
  } catch {
    return {}
  }
}
