import { Card, Stack, Switch, Text, Title } from '@mantine/core'
import { type OwnProfile, useEmailPreferences } from './own-profile.ts'

const kinds = {
  security: {
    label: 'Security notices',
    meaning:
      'When your account is used on a new device. Changes of your password, address and factors are told in any case.',
  },
  updates: {
    label: 'Updates',
    meaning: 'What happened in your workspaces, and changes of the program that concern you.',
  },
  marketing: { label: 'Offers', meaning: 'Now and then, about what else the program can do for you.' },
  newsletter: { label: 'Newsletter', meaning: 'News for all who use the program, a few times a year.' },
} satisfies Record<keyof OwnProfile['emailPreferences'], { label: string; meaning: string }>

/** Which mails one wants to have; each switch is saved as it is turned. */
export function EmailPreferencesCard({ preferences }: { preferences: OwnProfile['emailPreferences'] }) {
  const change = useEmailPreferences()
  const shown = { ...preferences, ...(change.isPending ? change.variables : {}) }
  return (
    <Card withBorder component="section" aria-labelledby="mails-title">
      <Title order={2} size="h4" id="mails-title">
        Mails you get
      </Title>
      <Text c="dimmed" size="sm" mt={4} mb="md">
        Each is saved as you turn it on or off.
      </Text>
      <Stack gap="md">
        {(Object.keys(kinds) as (keyof typeof kinds)[]).map(kind => (
          <Switch
            key={kind}
            label={kinds[kind].label}
            description={kinds[kind].meaning}
            checked={shown[kind]}
            onChange={event => change.mutate({ [kind]: event.currentTarget.checked })}
          />
        ))}
      </Stack>
      <Text size="sm" role="status" mt={change.error ? 'sm' : 0} c="var(--mantine-color-error)">
        {change.error && `Not saved: ${change.error.message}`}
      </Text>
    </Card>
  )
}
