import { Alert, Anchor } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { Icon, openSession, PageLink, useLinkToken } from '#platform/console'
import { AccountForm } from './account-form.tsx'
import { Entrance } from './entrance.tsx'

/** The one-time link that an empty installation prints. The token stands after the `#`, which browsers do not send. */
export function Page() {
  const navigate = useNavigate()
  const token = useLinkToken()
  return (
    <Entrance
      title="Set up Commonhold"
      lead="You become the first administrator and the owner of the first workspace."
      other={
        <>
          This link works once. Done already?{' '}
          <Anchor component={PageLink} to="/sign-in" size="sm" underline="always">
            Sign in
          </Anchor>
        </>
      }
    >
      {token ? (
        <AccountForm
          workspace="required"
          button="Set up"
          link={token}
          send={account => openSession('/auth/first-administrator', { ...account, token })}
          done={() => navigate({ to: '/', replace: true })}
        />
      ) : (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} title="The link is not whole" role="alert">
          Open the link exactly as the server printed it when it started, with everything after the # sign.
        </Alert>
      )}
    </Entrance>
  )
}
