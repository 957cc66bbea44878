import { useLocalStorage } from '@mantine/hooks'
import { useSession } from '#platform/console'
import type { Words } from './wire-types.ts'
import { capital } from './words.ts'

type Remembered = { name: string; words: Words }

/** The domain that was worked in last in this workspace, which this browser remembers. */
export function useRememberedDomain() {
  const { tenantId } = useSession()
  const [byTenant, setByTenant] = useLocalStorage<Record<string, Remembered>>({
    key: 'commonhold-assignments-domain',
    defaultValue: {},
    getInitialValueInEffect: false,
  })
  const key = tenantId ?? ''
  return {
    remembered: byTenant[key] as Remembered | undefined,
    remember: (domain: Remembered) => {
      const known = byTenant[key]
      if (JSON.stringify(known) !== JSON.stringify(domain)) setByTenant({ ...byTenant, [key]: domain })
    },
  }
}

/** What the navigation calls the people: the domain's own word, where one was worked in. */
export function useParticipantsLabel(): string | undefined {
  const { remembered } = useRememberedDomain()
  return remembered && capital(remembered.words.participant.plural)
}

/** What it calls that to which they are assigned. */
export function useTargetsLabel(): string | undefined {
  const { remembered } = useRememberedDomain()
  return remembered && capital(remembered.words.target.plural)
}
