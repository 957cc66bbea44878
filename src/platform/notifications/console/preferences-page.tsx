import { Card, Group, NativeSelect, Skeleton, Stack, Switch, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { AccountFrame, ErrorState, Refusal } from '#platform/console'
import classes from './notifications.module.css'
import { type Preferences, preferencesQuery, usePreferences } from './own-preferences.ts'

/** How one wants to be told. */
export function Page() {
  const { data, isPending, error, refetch } = useQuery(preferencesQuery)
  const saving = usePreferences()
  return (
    <AccountFrame>
      <Stack gap="md" maw={860}>
        <Refusal error={saving.error} title="It was not saved" />
        {isPending ? (
          <Skeleton height={320} />
        ) : error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : (
          <>
            <Mails preferences={data} choose={change => saving.mutate({ ...data, ...change })} />
            <Kinds preferences={data} choose={change => saving.mutate({ ...data, ...change })} />
            <Tenants preferences={data} choose={change => saving.mutate({ ...data, ...change })} />
          </>
        )}
      </Stack>
    </AccountFrame>
  )
}

type SectionProps = { preferences: Preferences; choose: (change: Partial<Preferences>) => void }

const hours = Array.from({ length: 24 }, (_, hour) => ({
  value: String(hour),
  label: `${String(hour).padStart(2, '0')}:00`,
}))
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'].map((label, index) => ({
  value: String(index + 1),
  label,
}))

function Mails({ preferences, choose }: SectionProps) {
  const { wantsMails, digest, digestHour, digestWeekday, timezone } = preferences
  return (
    <Section title="Mails" lead="Each choice on this page is saved as you make it.">
      <Switch
        label="Mail me what happens in my workspaces"
        description="The same as “Updates” in your profile. Mails about the security of your account come in any case."
        checked={wantsMails}
        onChange={event => choose({ wantsMails: event.currentTarget.checked })}
      />
      <Group gap="sm" mt="md" align="flex-end">
        <NativeSelect
          label="Digest"
          disabled={!wantsMails}
          value={digest}
          onChange={event => choose({ digest: event.currentTarget.value as Preferences['digest'] })}
          data={[
            { value: 'daily', label: 'Every day' },
            { value: 'weekly', label: 'Every week' },
            { value: 'never', label: 'Never' },
          ]}
        />
        {digest === 'weekly' && (
          <NativeSelect
            label="Day"
            disabled={!wantsMails}
            value={String(digestWeekday)}
            onChange={event => choose({ digestWeekday: Number(event.currentTarget.value) })}
            data={weekdays}
          />
        )}
        {digest !== 'never' && (
          <NativeSelect
            label="Hour"
            disabled={!wantsMails}
            value={String(digestHour)}
            onChange={event => choose({ digestHour: Number(event.currentTarget.value) })}
            data={hours}
          />
        )}
      </Group>
      <Text size="sm" c="dimmed" mt="xs">
        One mail with what is new and unread, by the clock of {timezone.replaceAll('_', ' ')}. Without news none comes.
      </Text>
    </Section>
  )
}

const ways = [
  { value: 'at_once', label: 'At once' },
  { value: 'digest', label: 'In the digest' },
  { value: 'never', label: 'Never' },
]

function Kinds({ preferences, choose }: SectionProps) {
  const { kinds, wantsMails } = preferences
  const change = (kind: string, changed: Partial<Preferences['kinds'][number]>) =>
    choose({ kinds: kinds.map(one => (one.kind === kind ? { ...one, ...changed } : one)) })
  return (
    <Section title="What you are told of">
      <table className={classes.kinds}>
        <thead>
          <tr>
            <th>About</th>
            <th>Console</th>
            <th>Mail</th>
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ kind, description, inConsole, mail, hasOwnMail }) => (
            <tr key={kind}>
              <td>{description}</td>
              <td>
                <Switch
                  aria-label={`Show in the console: ${description}`}
                  checked={inConsole}
                  onChange={event => change(kind, { inConsole: event.currentTarget.checked })}
                />
              </td>
              <td>
                {hasOwnMail ? (
                  <Text size="sm" c="dimmed" w={132}>
                    Has its own mail
                  </Text>
                ) : (
                  <NativeSelect
                    aria-label={`Mail: ${description}`}
                    w={132}
                    disabled={!wantsMails}
                    value={mail}
                    onChange={event => change(kind, { mail: event.currentTarget.value as typeof mail })}
                    data={ways}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  )
}

function Tenants({ preferences, choose }: SectionProps) {
  const { tenants } = preferences
  if (tenants.length === 0) return null
  return (
    <Section
      title="Quiet workspaces"
      lead="Of a quiet one nothing is mailed, and the bell does not count what is new there. You find it in the list."
    >
      <Stack gap="sm">
        {tenants.map(({ tenantId, name, isQuiet }) => (
          <Switch
            key={tenantId}
            label={name}
            checked={isQuiet}
            onChange={event => {
              const { checked } = event.currentTarget
              choose({ tenants: tenants.map(one => (one.tenantId === tenantId ? { ...one, isQuiet: checked } : one)) })
            }}
          />
        ))}
      </Stack>
    </Section>
  )
}

function Section({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const id = `told-${title.toLowerCase().replaceAll(' ', '-')}`
  return (
    <Card withBorder component="section" aria-labelledby={id}>
      <Title order={2} size="h4" id={id} mb={lead ? 4 : 'md'}>
        {title}
      </Title>
      {lead && (
        <Text c="dimmed" size="sm" mb="md">
          {lead}
        </Text>
      )}
      {children}
    </Card>
  )
}
