import { Alert, Anchor, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { entranceQuery, Icon, oneOf, PageLink, request, type Search, useAddress } from '#platform/console'
import { AccountForm } from './account-form.tsx'
import { Entrance, MailboxHint, SetUpFirst } from './entrance.tsx'

const readSearch = (search: Search) => ({ next: oneOf(search.next) })

export function Page() {
  const [sentTo, setSentTo] = useState<string>()
  const [{ next }] = useAddress(readSearch)
  const entrance = useQuery(entranceQuery)
  if (sentTo) return <SentPage email={sentTo} hasMailbox={entrance.data?.mailbox === true} />
  return (
    <Entrance
      title="Create an account"
      lead="With a workspace of your own. You can also make one later."
      other={
        <>
          Have an account?{' '}
          <Anchor component={PageLink} to="/sign-in" search={next ? { next } : {}} size="sm" underline="always">
            Sign in
          </Anchor>
        </>
      }
    >
      {entrance.data?.needsFirstAdministrator ? (
        <SetUpFirst />
      ) : entrance.data?.signUp === 'closed' ? (
        <Alert variant="light" icon={<Icon name="lock" />} title="Sign-up is closed here">
          Nobody can make an account of their own on this installation.
        </Alert>
      ) : (
        <AccountForm
          workspace="optional"
          button="Create the account"
          send={({ tenantName, ...account }) =>
            request('/auth/sign-up', { method: 'POST', body: { ...account, ...(tenantName.trim() && { tenantName }) } })
          }
          done={({ email }) => setSentTo(email)}
        />
      )}
    </Entrance>
  )
}

function SentPage({ email, hasMailbox }: { email: string; hasMailbox: boolean }) {
  return (
    <Entrance
      title="Check your mail"
      lead={
        <>
          A link is on its way to <strong>{email}</strong>. The account is made when you open it, within a day.
        </>
      }
      other={
        <Anchor component={PageLink} to="/sign-in" size="sm" underline="always">
          Back to sign-in
        </Anchor>
      }
    >
      {hasMailbox && <MailboxHint email={email} />}
      <Text size="sm" c="dimmed">
        Nothing there after a few minutes? Look in the spam folder, and check the address for a typing error. If it has
        an account already, the mail says so.
      </Text>
    </Entrance>
  )
}
