import type { NavigationEntry } from './module.ts'
import type { Session } from './session.ts'

const key = 'commonhold-application'

type Person = Pick<Session, 'tenantId' | 'permissions'>

/** The page to begin on: of the application that this browser was used for last in the workspace, where one may see it. */
export function startPageOf(navigation: readonly NavigationEntry[], person: Person): string | undefined {
  if (person.tenantId === null) return undefined
  const starts = startsOf(navigation, person)
  return (starts.find(isLastOf(person.tenantId)) ?? starts[0] ?? openTo(navigation, person)[0])?.to
}

/** The same for who worked in none yet: of the first application that the workspace has something in. */
export async function findStartPage(
  navigation: readonly NavigationEntry[],
  person: Person,
): Promise<string | undefined> {
  const { tenantId } = person
  const starts = startsOf(navigation, person)
  if (tenantId !== null && starts.length > 1 && !starts.some(isLastOf(tenantId))) {
    // Of what cannot be asked nothing is known: the first page of all is as good.
    const areUsed = await Promise.all(starts.map(({ isInUse }) => isInUse?.().catch(() => false)))
    const used = starts.find((_, place) => areUsed[place])
    if (used) {
      // For the frame, which asks nobody.
      rememberApplication(navigation, tenantId, used.to)
      return used.to
    }
  }
  return startPageOf(navigation, person)
}

const openTo = (navigation: readonly NavigationEntry[], { permissions }: Person) =>
  navigation.filter(({ permission }) => !permission || permissions.includes(permission))

const startsOf = (navigation: readonly NavigationEntry[], person: Person) =>
  openTo(navigation, person).filter(({ isStart }) => isStart)

const isLastOf =
  (tenantId: string) =>
  ({ group }: NavigationEntry) =>
    group === remembered()[tenantId]

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
