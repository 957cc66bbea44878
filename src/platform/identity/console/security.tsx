import { Stack } from '@mantine/core'
import { AccountFrame } from '#platform/console'
import { LinkedSignInsCard } from './linked-sign-ins-card.tsx'
import { PasskeysCard } from './passkeys-card.tsx'
import { PasswordCard } from './password-card.tsx'
import { ProviderLinksCard } from './provider-links-card.tsx'
import { TwoFactorCard } from './two-factor-card.tsx'

/** Every way in that one has, in one place. */
export function Page() {
  return (
    <AccountFrame>
      <Stack gap="md" maw={760}>
        <PasswordCard />
        <TwoFactorCard />
        <PasskeysCard />
        <LinkedSignInsCard />
        <ProviderLinksCard />
      </Stack>
    </AccountFrame>
  )
}
