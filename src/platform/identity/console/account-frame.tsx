import { Tabs } from '@mantine/core'
import { useLocation, useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { PageHeader } from '#platform/console'

const sections = [
  { to: '/account', label: 'Profile' },
  { to: '/account/security', label: 'Sign-in and security' },
  { to: '/account/sessions', label: 'Devices and history' },
  { to: '/account/data', label: 'My data' },
] as const

/** The frame of the pages about oneself. */
export function AccountFrame({ children }: { children: ReactNode }) {
  const { pathname } = useLocation()
  const navigate = useNavigate()
  return (
    <>
      <PageHeader
        title="My account"
        lead="It belongs to you and no workspace: what you set here holds in all of them."
      />
      <Tabs
        value={pathname.replace(/\/$/, '')}
        onChange={to => to && void navigate({ to })}
        activateTabWithKeyboard={false}
        mb="lg"
      >
        <Tabs.List>
          {sections.map(({ to, label }) => (
            <Tabs.Tab key={to} value={to}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {children}
    </>
  )
}
