import { Alert, Button, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { formatAgo, Icon, type OnTheWire, oneOf, Refusal, request, type Search, useAddress } from '#platform/console'
import type { DeviceQuestion as DeviceAnswer } from '../device-answers.ts'
import { Asked, NoMember, QuestionFrame, SignedInAs, titleOf } from './question.tsx'

type DeviceQuestion = OnTheWire<DeviceAnswer>

const readSearch = (search: Search) => ({ issuer: oneOf(search.issuer), userCode: oneOf(search.userCode) })

/** Where somebody types the code that a device without a browser shows him. */
export function Page() {
  const [{ issuer, userCode }] = useAddress(readSearch)
  return (
    <QuestionFrame title="Connect a device">
      {issuer ? (
        <Device issuer={issuer} shown={userCode} />
      ) : (
        <Alert
          color="yellow"
          variant="light"
          icon={<Icon name="alert" />}
          role="alert"
          mt="xl"
          title="Which workspace?"
        >
          Open the address exactly as the device shows it.
        </Alert>
      )}
    </QuestionFrame>
  )
}

function Device({ issuer, shown }: { issuer: string; shown: string }) {
  const [code, setCode] = useState(shown)
  const finding = useMutation({
    mutationFn: (userCode: string) =>
      request<DeviceQuestion>('/oauth/devices/find', { method: 'POST', body: { issuer, userCode } }),
  })
  const deciding = useMutation({
    mutationFn: ({ tenantId, ...answer }: { decision: 'allow' | 'deny'; scopes?: string[]; tenantId?: string }) =>
      request('/oauth/devices/decide', {
        method: 'POST',
        body: { issuer, userCode: code, ...answer },
        ...(tenantId && { tenantId }),
      }),
  })
  const question = finding.data
  const find = (event: FormEvent) => {
    event.preventDefault()
    finding.mutate(code)
  }

  if (deciding.isSuccess) {
    const isAllowed = deciding.variables.decision === 'allow'
    return (
      <div role="status">
        <Title order={1} mt={32} mb={6}>
          {isAllowed ? 'The device is connected' : 'The device was refused'}
        </Title>
        <Text>
          {isAllowed
            ? 'You can go back to your device, and close this page. What it may do stands under My account, Applications.'
            : 'It gets nothing. You can close this page.'}
        </Text>
      </div>
    )
  }
  if (!question)
    return (
      <form onSubmit={find}>
        <Title order={1} mt={32} mb={6}>
          Connect a device
        </Title>
        <Text c="dimmed" mb="lg">
          Type the code that your device shows. Go on only if you have begun this yourself, on a device before you: who
          sends you a code wants to come in as you.
        </Text>
        <Stack gap="md">
          <TextInput
            label="Code"
            value={code}
            onChange={event => setCode(event.currentTarget.value)}
            placeholder="XXXX-XXXX"
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={40}
            autoFocus
            size="md"
          />
          <Refusal error={finding.error} />
          <Button type="submit" loading={finding.isPending} disabled={code.trim() === ''}>
            Go on
          </Button>
        </Stack>
      </form>
    )
  const { tenant, user, deviceInfo, requestedAt } = question
  return (
    <>
      <Title order={1} mt={32} mb={6} style={{ overflowWrap: 'anywhere' }}>
        {titleOf(question, ' on a device')}
      </Title>
      <Text c="dimmed" mb="md" style={{ overflowWrap: 'anywhere' }}>
        in the workspace <strong>{tenant.name}</strong>. It asked {formatAgo(requestedAt)}
        {deviceInfo.ipAddress && ` from the address ${deviceInfo.ipAddress}`}.
      </Text>
      <SignedInAs user={user} />
      <Refusal error={deciding.error} mb="md" />
      {question.needs === 'membership' ? (
        <NoMember
          question={question}
          isPending={deciding.isPending}
          deny={() => deciding.mutate({ decision: 'deny' })}
        />
      ) : (
        <Asked
          question={question}
          isPending={deciding.isPending}
          answer={(decision, scopes) =>
            deciding.mutate({
              decision,
              ...(scopes && { scopes }),
              ...(decision === 'allow' && { tenantId: tenant.id }),
            })
          }
        />
      )}
    </>
  )
}
