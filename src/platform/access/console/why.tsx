import { Alert, Button, Modal, NativeSelect, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, Icon, oneOf, PageHeader, PageLink, type Search, useAddress } from '#platform/console'
import { capital, explanationQuery, groupByModule, permissionsQuery } from './role-queries.ts'
import classes from './roles.module.css'

const readQuestion = (search: Search) => ({ userId: oneOf(search.userId), permission: oneOf(search.permission) })

/** Why somebody may do something here, or may not; the address names him, so that other pages can lead here. */
export function Page() {
  const [{ userId, permission }, change] = useAddress(readQuestion)
  return (
    <Stack gap={0} maw={640}>
      <PageHeader title="Why may somebody do something?" lead="What is asked at every request, step by step." />
      {userId === '' ? (
        <div className="panel">
          <EmptyState
            icon="shield"
            title="About whom?"
            action={
              <Button component={PageLink} to="/roles" variant="default">
                Go to the roles
              </Button>
            }
          >
            Open the page of a role and choose “Why?” beside one of its members.
          </EmptyState>
        </div>
      ) : (
        <Why userId={userId} permission={permission} choose={permission => change({ permission })} />
      )}
    </Stack>
  )
}

export function WhyDialog({ userId, name, close }: { userId: string; name: string; close: () => void }) {
  const [permission, setPermission] = useState('')
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={`What may ${name} do, and why?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Why userId={userId} permission={permission} choose={setPermission} />
    </Modal>
  )
}

function Why({ userId, permission, choose }: WhyProps) {
  const { data: permissions = [], error } = useQuery(permissionsQuery)
  if (error) return <ErrorState error={error} />
  return (
    <Stack gap="md">
      <NativeSelect label="Permission" value={permission} onChange={event => choose(event.currentTarget.value)}>
        <option value="">Choose one</option>
        {groupByModule(permissions).map(([module, ofModule]) => (
          <optgroup key={module} label={capital(module)}>
            {ofModule.map(({ name, description }) => (
              <option key={name} value={name}>
                {description}
              </option>
            ))}
          </optgroup>
        ))}
      </NativeSelect>
      <div aria-live="polite" style={{ minHeight: 180 }}>
        {permission === '' ? (
          <Text c="dimmed" size="sm">
            Choose what you want to know about.
          </Text>
        ) : (
          <Answer userId={userId} permission={permission} />
        )}
      </div>
    </Stack>
  )
}

type WhyProps = { userId: string; permission: string; choose: (permission: string) => void }

function Answer({ userId, permission }: { userId: string; permission: string }) {
  const { data, error, refetch } = useQuery(explanationQuery(userId, permission))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={180} />
  const { isAllowed, conclusion, steps } = data
  return (
    <>
      <Alert
        variant="light"
        color={isAllowed ? 'pine' : 'yellow'}
        icon={<Icon name={isAllowed ? 'check' : 'lock'} />}
        title={isAllowed ? 'Yes' : 'No'}
      >
        <Text size="sm">{conclusion}</Text>
      </Alert>
      <ul className={classes.steps} style={{ marginTop: 12 }}>
        {steps.map(({ step, isMet, says }) => (
          <li key={step}>
            <Icon name={isMet ? 'check' : 'close'} />
            <span>{says}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
