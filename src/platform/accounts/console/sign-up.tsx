import { Alert, Anchor } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { entranceQuery, Icon, oneOf, openSession, PageLink, type Search, safePath, useAddress } from '#platform/console'
import { AccountForm } from './account-form.tsx'
import { Entrance, SetUpFirst } from './entrance.tsx'

const readSearch = (search: Search) => ({ next: oneOf(search.next) })

export function Page() {
  const navigate = useNavigate()
  const [{ next }] = useAddress(readSearch)
  const entrance = useQuery(entranceQuery)
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
            openSession('/auth/sign-up', { ...account, ...(tenantName.trim() && { tenantName }) })
          }
          done={() => navigate({ href: safePath(next), replace: true })}
        />
      )}
    </Entrance>
  )
}
