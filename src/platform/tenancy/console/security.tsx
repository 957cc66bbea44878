import {
  Alert,
  Button,
  Card,
  Checkbox,
  Group,
  Input,
  NativeSelect,
  NumberInput,
  Skeleton,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core'
import { type UseFormReturnType, useForm } from '@mantine/form'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useMemo, useState } from 'react'
import {
  ErrorState,
  Icon,
  Problem,
  Refusal,
  request,
  roleChoicesQuery,
  sessionQuery,
  useSession,
} from '#platform/console'
import {
  type Answers,
  answersOf,
  faultsOf,
  type LoadedPolicy,
  linesOf,
  policyOf,
  policyQuery,
  previewOf,
  type SecurityPolicy,
  type Unit,
  units,
} from './policies.ts'
import { Faults, PolicyEffect } from './policy-effect.tsx'
import { SettingsFrame } from './settings-frame.tsx'

/** MT-14 to MT-16: how sessions, second factors and addresses are held in a workspace. */
export function Page() {
  const { data, error, refetch } = useQuery(policyQuery)
  return (
    <SettingsFrame>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data ? (
        <PolicyForm key={data.etag} loaded={data} />
      ) : (
        <Skeleton height={480} aria-label="Loading the security policy" />
      )}
    </SettingsFrame>
  )
}

type Form = UseFormReturnType<Answers>

function PolicyForm({ loaded }: { loaded: LoadedPolicy }) {
  const client = useQueryClient()
  const { can } = useSession()
  const mayWrite = can('tenancy.security.write')
  const form = useForm<Answers>({ initialValues: answersOf(loaded.policy), validate: faultsOf })
  const [isSure, setSure] = useState(false)
  const [settled] = useDebouncedValue(form.values, 400)
  const policy = useMemo(() => policyOf(settled, loaded.policy), [settled, loaded.policy])
  const isComplete = Object.keys(faultsOf(settled)).length === 0
  const preview = useQuery({ ...previewOf(policy), enabled: mayWrite && isComplete })
  const shutsOut = isComplete && preview.data?.caller.isShutOut === true
  const save = useMutation({
    mutationFn: (answers: Answers) =>
      request<SecurityPolicy>('/tenant/security-policy', {
        method: 'PUT',
        body: { ...policyOf(answers, loaded.policy), ...(shutsOut && isSure && { confirmed: true }) },
        ...(loaded.etag && { ifMatch: loaded.etag }),
      }),
    onSuccess: async () => {
      notifications.show({ title: 'The security policy is saved', message: 'It holds from the next request on.' })
      await client.invalidateQueries({ queryKey: policyQuery.queryKey })
      // It may have closed the workspace to who saved it.
      await client.invalidateQueries(sessionQuery)
    },
  })
  const isOutdated = save.error instanceof Problem && save.error.status === 412
  return (
    <form onSubmit={form.onSubmit(answers => save.mutate(answers))} noValidate>
      <Stack gap="lg" maw={720}>
        {!mayWrite && (
          <Alert variant="light" icon={<Icon name="lock" />} title="You can see the policy, not change it">
            Your role in this workspace does not include it.
          </Alert>
        )}
        <fieldset disabled={!mayWrite} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack gap="lg">
            <Sessions form={form} />
            <SecondFactor form={form} />
            <Addresses form={form} ownAddress={preview.data?.caller.ipAddress ?? undefined} />
          </Stack>
        </fieldset>
        {mayWrite && <PolicyEffect policy={policy} isComplete={isComplete} />}
        {isOutdated ? (
          <Refusal
            error={save.error}
            showTheirs={() => void client.invalidateQueries({ queryKey: policyQuery.queryKey })}
          />
        ) : (
          save.error && <Faults error={save.error} />
        )}
        {mayWrite && shutsOut && form.isDirty() && (
          <Checkbox
            label="Save it although it shuts me out"
            checked={isSure}
            onChange={event => setSure(event.currentTarget.checked)}
          />
        )}
        {mayWrite && (
          <Group gap="xs">
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty() || (shutsOut && !isSure)}>
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
    </form>
  )
}

function Section({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {lead}
      </Text>
      <Stack gap="lg">{children}</Stack>
    </Card>
  )
}

const short = { wrapper: { maxWidth: 180 } }
const whole = {
  clampBehavior: 'none',
  allowDecimal: false,
  allowNegative: false,
  styles: short,
  errorProps: { role: 'alert' },
} as const

function Sessions({ form }: { form: Form }) {
  return (
    <Section title="Sessions" lead="How long somebody stays signed in here, and in how many places at once.">
      <NumberInput
        label="Sessions at once"
        description="Of each member, so many of the newest can work here, 1 to 1000. An older one ends."
        min={1}
        max={1000}
        {...whole}
        {...form.getInputProps('maxConcurrentSessions')}
      />
      <Input.Wrapper
        label="Session timeout"
        description="From 1 minute to 30 days. After it one has to sign in again."
        labelElement="div"
      >
        <Group gap="xs" wrap="nowrap" align="flex-start" mt={6}>
          <NumberInput aria-label="Session timeout" min={1} w={180} {...whole} {...form.getInputProps('timeout')} />
          <NativeSelect
            aria-label="Unit of the timeout"
            data={Object.keys(units) as Unit[]}
            {...form.getInputProps('unit')}
          />
        </Group>
      </Input.Wrapper>
      <Switch
        label="Activity extends the session"
        description="On: the timeout counts from the last thing somebody did. Off: it counts from the sign-in, whatever one does."
        {...form.getInputProps('extendOnActivity', { type: 'checkbox' })}
      />
      <Switch
        label="Every session needs a second factor"
        description="At once and for everybody: no grace, no exempt roles. Who has none sees nothing of this workspace until one is set up."
        {...form.getInputProps('requireMFA', { type: 'checkbox' })}
      />
    </Section>
  )
}

function SecondFactor({ form }: { form: Form }) {
  const { can } = useSession()
  const roles = useQuery({ ...roleChoicesQuery, enabled: can('access.roles.read') })
  const names = [...new Set([...(roles.data?.map(({ name }) => name) ?? []), ...form.values.exemptRoles])]
  return (
    <Section
      title="Second factor"
      lead="An authenticator app or a passkey beside the password: a stolen password alone then opens nothing."
    >
      <Switch
        label="Members must have a second factor"
        description="With some time to set one up, as below. Who has one is asked for it in every session."
        {...form.getInputProps('required', { type: 'checkbox' })}
      />
      {form.values.required && (
        <>
          <TextInput
            type="date"
            label="From this day on"
            description="The beginning of the day, UTC. Empty: at once."
            styles={short}
            {...form.getInputProps('enforcementDay')}
          />
          <NumberInput
            label="Sign-ins without one"
            description="How many one still has after that, 0 to 100."
            min={0}
            max={100}
            {...whole}
            {...form.getInputProps('graceLogins')}
          />
          <NumberInput
            label="Days without one"
            description="How many one still has, 0 to 365. Whichever ends first counts, and none of either is no grace at all."
            min={0}
            max={365}
            {...whole}
            {...form.getInputProps('gracePeriodDays')}
          />
          {names.length > 0 && (
            <Checkbox.Group
              label="Exempt roles"
              description="Who holds one of them needs no second factor, unless every session needs one (above)."
              {...form.getInputProps('exemptRoles')}
            >
              <Group gap="md" mt="xs">
                {names.map(name => (
                  <Checkbox key={name} value={name} label={name} />
                ))}
              </Group>
            </Checkbox.Group>
          )}
        </>
      )}
      <Switch
        label="Backup codes count"
        description="A code from the printed list opens this workspace. Off: such a code still lets people into their account, to set up a new app."
        {...form.getInputProps('allowBackupCodes', { type: 'checkbox' })}
      />
      <Switch
        label="Devices may be remembered"
        description="A browser is then spared the second factor for 30 days, if all workspaces of the person allow it."
        {...form.getInputProps('allowRememberDevice', { type: 'checkbox' })}
      />
    </Section>
  )
}

function Addresses({ form, ownAddress }: { form: Form; ownAddress: string | undefined }) {
  const { allowed } = form.values
  const isNamed = ownAddress !== undefined && linesOf(allowed).includes(ownAddress)
  return (
    <Section
      title="Network addresses"
      lead={
        <>
          From where members may come, by IPv4 or IPv6.
          {ownAddress && (
            <>
              {' '}
              You come from <span className="mono">{ownAddress}</span>.
            </>
          )}
        </>
      }
    >
      <Switch
        label="Only allowed addresses"
        description="Members come in from the addresses below and from nowhere else."
        {...form.getInputProps('restricted', { type: 'checkbox' })}
      />
      <div>
        <Textarea
          label="Allowed addresses and ranges"
          description="One a line: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32. Not in force while the switch above is off; with it on and no line here nobody could come in."
          autosize
          minRows={3}
          maxRows={12}
          spellCheck={false}
          errorProps={{ role: 'alert' }}
          classNames={{ input: 'mono' }}
          {...form.getInputProps('allowed')}
        />
        {ownAddress && !isNamed && (
          <Button
            variant="subtle"
            size="xs"
            mt={4}
            leftSection={<Icon name="plus" />}
            onClick={() => form.setFieldValue('allowed', [...linesOf(allowed), ownAddress].join('\n'))}
          >
            Add my address
          </Button>
        )}
      </div>
      <Textarea
        label="Blocked addresses and ranges"
        description="One a line. They win over the allowed ones, and hold also while the switch above is off."
        autosize
        minRows={2}
        maxRows={12}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        {...form.getInputProps('blocked')}
      />
    </Section>
  )
}
