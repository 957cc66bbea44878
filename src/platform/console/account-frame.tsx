import type { ReactNode } from 'react'
import { PageHeader } from './page-header.tsx'
import { SectionTabs } from './section-tabs.tsx'

const sections = [
  { to: '/account', label: 'Profile' },
  { to: '/account/security', label: 'Sign-in and security' },
  { to: '/account/sessions', label: 'Devices and history' },
  { to: '/account/activity', label: 'Activity' },
  { to: '/account/workspaces', label: 'Workspaces' },
  { to: '/account/applications', label: 'Applications' },
  { to: '/account/notifications', label: 'Notifications' },
  { to: '/account/data', label: 'My data' },
] as const

/** The frame of the pages about oneself; modules that have one add it to the sections. */
export function AccountFrame({ children }: { children: ReactNode }) {
  return (
    <>
      <PageHeader
        title="My account"
        lead="It belongs to you, not to a workspace: what you set here holds in all of them."
      />
      <SectionTabs label="My account" sections={sections} />
      {children}
    </>
  )
}
