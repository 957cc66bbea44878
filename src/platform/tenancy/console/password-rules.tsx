import { Alert, Button, Card, Group, NumberInput, Skeleton, Stack, Switch, Text, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import {
  ErrorState,
  formatCount,
  Icon,
  type PasswordRules,
  Problem,
  Refusal,
  request,
  rulesInWords,
  useSession,
} from '#platform/console'
import { SettingsFrame } from './settings-frame.tsx'

type Loaded = { rules: PasswordRules; etag: string | undefined }

const rulesQuery = queryOptions({
  queryKey: ['password-rules'],
  queryFn: async ({ signal }): Promise<Loaded> => {
    let etag: string | undefined
    const rules = await request<PasswordRules>('/tenant/password-rules', {
      signal,
      onEtag: given => {
        etag = given
      },
    })
    return { rules, etag }
  },
})

/** What the passwords of a workspace's members must be. */
export function Page() {
  const { tenant } = useSession()
  const { data, error, refetch } = useQuery(rulesQuery)
  return (
    <SettingsFrame>
      <Stack gap="xs" maw={640}>
        <div>
          <Title order={2} size="h4">
            Password rules
          </Title>
          <Text c="dimmed" size="sm" mt={4}>
            For everybody in {tenant?.name ?? 'this workspace'}. For people who are in several workspaces, the strictest
            rule of each kind holds.
          </Text>
        </div>
        {error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : data ? (
          <RulesForm key={data.etag} loaded={data} />
        ) : (
          <Skeleton height={320} aria-label="Loading the rules" />
        )}
      </Stack>
    </SettingsFrame>
  )
}

type Answers = {
  minimumLength: number | string
  refuseCommon: boolean
  refusedReuses: number | string
  expires: boolean
  expiresAfterDays: number | string
}

const short = { wrapper: { maxWidth: 220 } }

function RulesForm({ loaded }: { loaded: Loaded }) {
  const client = useQueryClient()
  const { can } = useSession()
  const mayWrite = can('tenancy.security.write')
  const { rules, etag } = loaded
  const form = useForm<Answers>({
    initialValues: {
      ...rules,
      expires: rules.expiresAfterDays !== null,
      expiresAfterDays: rules.expiresAfterDays ?? 365,
    },
    validate: {
      minimumLength: value => within(value, 8, 128),
      refusedReuses: value => within(value, 0, 24),
      expiresAfterDays: (value, { expires }) => (expires ? within(value, 1, 3650) : null),
    },
  })
  const save = useMutation({
    mutationFn: (body: PasswordRules) =>
      request<PasswordRules>('/tenant/password-rules', { method: 'PUT', body, ...(etag && { ifMatch: etag }) }),
    onSuccess: async () => {
      notifications.show({ title: 'The rules are saved', message: 'They hold from the next new password on.' })
      await client.invalidateQueries({ queryKey: ['own', 'password'] })
      await client.invalidateQueries(rulesQuery)
    },
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  return (
    <form onSubmit={form.onSubmit(answers => save.mutate(rulesOf(answers)))} noValidate>
      <Card withBorder>
        <Stack gap="lg">
          {!mayWrite && (
            <Alert variant="light" icon={<Icon name="lock" />} title="You can see the rules, not change them">
              Your role in this workspace does not include it.
            </Alert>
          )}
          <NumberInput
            label="Shortest password"
            description="In characters, 8 to 128. Length is what makes a password strong."
            suffix=" characters"
            min={8}
            max={128}
            styles={short}
            clampBehavior="none"
            allowDecimal={false}
            allowNegative={false}
            disabled={!mayWrite}
            errorProps={{ role: 'alert' }}
            {...form.getInputProps('minimumLength')}
          />
          <Switch
            label="Refuse passwords that are easily guessed"
            description="The 50,000 most frequent ones, and the person’s own name or address."
            disabled={!mayWrite}
            {...form.getInputProps('refuseCommon', { type: 'checkbox' })}
          />
          <NumberInput
            label="Passwords that may not be taken again"
            description="How many of the latest, the current one among them; 0 to 24."
            min={0}
            max={24}
            styles={short}
            clampBehavior="none"
            allowDecimal={false}
            allowNegative={false}
            disabled={!mayWrite}
            errorProps={{ role: 'alert' }}
            {...form.getInputProps('refusedReuses')}
          />
          <Stack gap="sm">
            <Switch
              label="Ask for a new password after some time"
              description="Better left off unless you must: people who have to change often choose weaker ones."
              disabled={!mayWrite}
              {...form.getInputProps('expires', { type: 'checkbox' })}
            />
            {form.values.expires && (
              <>
                <NumberInput
                  label="After how many days"
                  description="Counted from the day it was chosen; 1 to 3650."
                  suffix=" days"
                  min={1}
                  max={3650}
                  styles={short}
                  clampBehavior="none"
                  allowDecimal={false}
                  allowNegative={false}
                  disabled={!mayWrite}
                  errorProps={{ role: 'alert' }}
                  {...form.getInputProps('expiresAfterDays')}
                />
                <Affected days={Number(form.values.expiresAfterDays)} />
              </>
            )}
          </Stack>
          <div>
            <Text size="sm" fw={600}>
              What your members read
            </Text>
            <Text size="sm" c="dimmed">
              {rulesInWords(rulesOf(form.values)).join(' ')}
            </Text>
          </div>
          <Refusal
            error={save.error}
            title="The rules are not saved"
            showTheirs={() => void client.invalidateQueries(rulesQuery)}
          />
          {mayWrite && (
            <Group gap="xs">
              <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
                Save
              </Button>
              {form.isDirty() && (
                <Button variant="default" onClick={() => form.reset()}>
                  Undo
                </Button>
              )}
            </Group>
          )}
        </Stack>
      </Card>
    </form>
  )
}

type Ages = { members: number; withPassword: number; older: number }

/** Whom an expiry meets at once. */
function Affected({ days }: { days: number }) {
  const [asked] = useDebouncedValue(days, 300)
  const isAskable = Number.isInteger(asked) && asked >= 1 && asked <= 3650
  const ages = useQuery({
    queryKey: ['password-ages', asked],
    queryFn: ({ signal }) => request<Ages>('/tenant/password-ages', { query: { days: asked }, signal }),
    enabled: isAskable,
    placeholderData: keepPreviousData,
  })
  return (
    <Text size="sm" role="status" mih="1.45em">
      {isAskable && ages.data && affectedInWords(ages.data, asked)}
      {isAskable && ages.error && 'How many members this meets could not be counted.'}
    </Text>
  )
}

function affectedInWords({ members, withPassword, older }: Ages, days: number): string {
  const age = days === 1 ? 'one day' : `${formatCount(days)} days`
  const without = members - withPassword
  const who =
    older === 0
      ? `Nobody’s password is older than ${age} now.`
      : older === 1
        ? `One of ${formatCount(members)} members has a password older than ${age}, and is asked for a new one at the next sign-in.`
        : `${formatCount(older)} of ${formatCount(members)} members have a password older than ${age}, and are asked for a new one at their next sign-in.`
  if (without === 0) return who
  return `${who} ${without === 1 ? 'One has' : `${formatCount(without)} have`} no password, and ${without === 1 ? 'is' : 'are'} not concerned.`
}

function within(value: number | string, least: number, most: number): string | null {
  const number = typeof value === 'number' ? value : Number.NaN
  return Number.isInteger(number) && number >= least && number <= most
    ? null
    : `Enter a number from ${least} to ${most}.`
}

function rulesOf({ minimumLength, refuseCommon, refusedReuses, expires, expiresAfterDays }: Answers): PasswordRules {
  return {
    minimumLength: Number(minimumLength),
    refuseCommon,
    refusedReuses: Number(refusedReuses),
    expiresAfterDays: expires ? Number(expiresAfterDays) : null,
  }
}
