import { Alert, Card, List, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { formatCount, formatTime, Icon, Problem } from '#platform/console'
import { type PolicyPreview, previewOf, type SecurityPolicy } from './policies.ts'

/** Whom the policy would meet if it were saved now. Nothing is saved by looking. */
export function PolicyEffect({ policy, isComplete }: { policy: SecurityPolicy; isComplete: boolean }) {
  const preview = useQuery({ ...previewOf(policy), enabled: isComplete })
  return (
    <Card withBorder component="section" aria-labelledby="policy-effect">
      <Title order={2} size="h4" id="policy-effect">
        What saving this does
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Counted now, among the members of this workspace. Nobody feels anything before it is saved.
      </Text>
      <div aria-live="polite">
        {!isComplete ? (
          <Text size="sm">Complete the form to see whom it meets.</Text>
        ) : preview.error ? (
          <Faults error={preview.error} />
        ) : preview.data ? (
          <Effect preview={preview.data} policy={policy} />
        ) : (
          <Skeleton height={120} aria-label="Counting whom it meets" />
        )}
      </div>
    </Card>
  )
}

/** What the server finds wrong with it, in its words. */
export function Faults({ error }: { error: Error }) {
  const faults = error instanceof Problem ? [...new Set(Object.values(error.fields))] : []
  return (
    <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert" title="This cannot be saved">
      {faults.length === 0 ? (
        <Text size="sm">{error.message}</Text>
      ) : (
        <List size="sm">
          {faults.map(fault => (
            <List.Item key={fault}>{fault}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  )
}

function Effect({ preview, policy }: { preview: PolicyPreview; policy: SecurityPolicy }) {
  const { secondFactor, sessions, addresses, caller, members } = preview
  const wantsFactor = policy.session.requireMFA || policy.twoFactor.required
  return (
    <Stack gap="md">
      {caller.isShutOut && (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} title="You would shut yourself out">
          {caller.isAddressRefused && (
            <Text size="sm">
              Your own address, <span className="mono">{caller.ipAddress}</span>, would be refused: from here you could
              not take it back.
            </Text>
          )}
          {caller.secondFactor === 'missing' && (
            <Text size="sm">You have no second factor: you would have to set one up before you can go on here.</Text>
          )}
        </Alert>
      )}
      {caller.secondFactor === 'unshown' && (
        <Text size="sm">
          You would be asked for your own second factor at once: you have not shown it in this session.
        </Text>
      )}
      <Part title="Second factor">
        {!wantsFactor ? (
          <Text size="sm">None is asked for.</Text>
        ) : secondFactor.without === 0 ? (
          <Text size="sm">{all(members)} a second factor already.</Text>
        ) : (
          <>
            <Text size="sm">{secondFactorInWords(preview)}</Text>
            <Names
              items={secondFactor.people.map(({ userId, name, isExempt, closesAt, loginsLeft }) => ({
                key: userId,
                text: `${name}: ${isExempt ? 'exempt' : graceOf(closesAt, loginsLeft)}`,
              }))}
              total={secondFactor.without}
            />
          </>
        )}
      </Part>
      <Part title="Sessions">
        {sessions.ending === 0 ? (
          <Text size="sm">No session that can work here now would end.</Text>
        ) : (
          <>
            <Text size="sm">
              {formatCount(sessions.ending)} {sessions.ending === 1 ? 'session' : 'sessions'} would end here at once;
              their owners sign in again.
            </Text>
            <Names
              items={sessions.list.map(({ userId, name, reason, lastSeenAt }, index) => ({
                key: `${userId} ${index}`,
                text: `${name}: ${reason === 'displaced' ? 'too many newer ones' : 'too old, or too long unused'}, last used ${formatTime(lastSeenAt)}`,
              }))}
              total={sessions.ending}
            />
          </>
        )}
      </Part>
      <Part title="Addresses">
        {addresses.refused === 0 ? (
          <Text size="sm">
            No address that members used in the last {addresses.days} days would be refused
            {addresses.known > 0 && ` (${formatCount(addresses.known)} known)`}.
          </Text>
        ) : (
          <>
            <Text size="sm">
              {formatCount(addresses.refused)} of {formatCount(addresses.known)} addresses that members used in the last{' '}
              {addresses.days} days would be refused.
            </Text>
            <Names
              items={addresses.list.map(({ ipAddress, names, lastSeenAt }) => ({
                key: ipAddress,
                text: `${ipAddress}: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' and others' : ''}, last ${formatTime(lastSeenAt)}`,
              }))}
              total={addresses.refused}
            />
          </>
        )}
      </Part>
    </Stack>
  )
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div>
      <Title order={3} size="h5">
        {title}
      </Title>
      {children}
    </div>
  )
}

const shownAtMost = 8

function Names({ items, total }: { items: readonly { key: string; text: string }[]; total: number }) {
  const shown = items.slice(0, shownAtMost)
  return (
    <List size="sm" mt={4}>
      {shown.map(({ key, text }) => (
        <List.Item key={key}>{text}</List.Item>
      ))}
      {total > shown.length && <List.Item>and {formatCount(total - shown.length)} more</List.Item>}
    </List>
  )
}

const all = (members: number) => (members === 1 ? 'The only member has' : `All ${formatCount(members)} members have`)

function secondFactorInWords({ members, secondFactor }: PolicyPreview): string {
  const { without, exempt, closedAtOnce } = secondFactor
  const have = `${formatCount(without)} of ${formatCount(members)} ${members === 1 ? 'member has' : 'members have'} none.`
  const spared = exempt > 0 ? ` ${formatCount(exempt)} ${exempt === 1 ? 'is' : 'are'} exempt.` : ''
  if (closedAtOnce === 0) return `${have}${spared} Nobody is shut out at once.`
  return `${have}${spared} ${formatCount(closedAtOnce)} would be shut out at once, until they have set one up.`
}

function graceOf(closesAt: string | null, loginsLeft: number | null): string {
  if (closesAt === null || !loginsLeft)
    return closesAt && new Date(closesAt) > new Date() ? `closed from ${formatTime(closesAt)}` : 'shut out at once'
  return `${formatCount(loginsLeft)} more ${loginsLeft === 1 ? 'sign-in' : 'sign-ins'}, until ${formatTime(closesAt)} at most`
}
