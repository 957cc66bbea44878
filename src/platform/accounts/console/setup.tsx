import { Alert } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Icon, openSession } from '#platform/console'
import { AccountForm } from './account-form.tsx'
import { Entrance } from './entrance.tsx'

/** The one-time link that an empty installation prints. The token stands after the `#`, which browsers do not send. */
export function Page() {
  const navigate = useNavigate()
  const [token] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get('token'))
  return (
    <Entrance
      title="Set up Commonhold"
      lead="You become the first administrator and the owner of the first workspace."
      other="This link works once."
    >
      {token ? (
        <AccountForm
          workspace="required"
          button="Set up"
          send={account => openSession('/auth/first-administrator', { ...account, token })}
          done={() => navigate({ to: '/', replace: true })}
        />
      ) : (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} title="The link is not whole" role="alert">
          Open the link exactly as the program printed it when it started, with everything after the # sign.
        </Alert>
      )}
    </Entrance>
  )
}
