import { Anchor } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { oneOf, openSession, PageLink, type Search, safePath, useAddress } from '#platform/console'
import { AccountForm } from './account-form.tsx'
import { Entrance } from './entrance.tsx'

const readSearch = (search: Search) => ({ next: oneOf(search.next) })

export function Page() {
  const navigate = useNavigate()
  const [{ next }] = useAddress(readSearch)
  return (
    <Entrance
      title="Create an account"
      lead="With a workspace of your own, or without one until a colleague adds you to theirs."
      other={
        <>
          Have an account?{' '}
          <Anchor component={PageLink} to="/sign-in" search={next ? { next } : {}} size="sm" underline="always">
            Sign in
          </Anchor>
        </>
      }
    >
      <AccountForm
        workspace="optional"
        button="Create the account"
        send={({ tenantName, ...account }) =>
          openSession('/auth/sign-up', { ...account, ...(tenantName && { tenantName }) })
        }
        done={() => navigate({ href: safePath(next), replace: true })}
      />
    </Entrance>
  )
}
