import { Badge, Menu, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { type ComponentType, Suspense, useEffect, useRef, useState } from 'react'
import { matchesPath } from './addresses.ts'
import { useShownBrand } from './brand.tsx'
import { ClosedWorkspaceBanner, ClosedWorkspacePage, SecondFactorGraceBanner } from './closed-workspace.tsx'
import { ColorSchemeChoice } from './color-scheme.tsx'
import { Icon } from './icons.tsx'
import type { ConsoleRoute, NavigationEntry, StepUpDialog } from './module.ts'
import { SectionGroups } from './section-groups.tsx'
import {
  brandQuery,
  entranceQuery,
  type Membership,
  type Session,
  sessionQuery,
  signOut,
  switchTenant,
  useSession,
} from './session.ts'
import classes from './shell.module.css'
import { SideSheet } from './side-sheet.tsx'
import { rememberApplication, startPageOf } from './start-page.ts'
import { Forbidden } from './states.tsx'
import { StepUp } from './step-up.tsx'
import { usePageTitle } from './titles.ts'
import { Wordmark } from './wordmark.tsx'

/** The frame around every page of a signed-in person. */
export function Shell({ navigation, routes, stepUp, Bell, startCard }: ShellProps) {
  const session = useSession()
  const { pathname } = useLocation()
  const [menuOpen, menu] = useDisclosure(false)
  const main = useRef<HTMLElement>(null)
  const route = routes.filter(each => matchesPath(each.path, pathname)).toSorted(byPlaces)[0]

  usePageTitle(route?.title)
  useFocusAfterNavigation(main, pathname)
  useSearchKey(navigation)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is the reason to close
  useEffect(menu.close, [pathname])

  const start = startPageOf(navigation, session)
  const section = sectionOf(pathname, navigation)
  useEffect(() => rememberApplication(navigation, session.tenantId, section), [navigation, session.tenantId, section])

  const { closed } = session
  useShownBrand(useQuery({ ...brandQuery, enabled: session.tenantId !== null }).data)
  const isOutside = route?.personal || route?.withoutWorkspace
  useLookAgain(closed !== null || session.secondFactorGrace !== null, pathname)
  const workspaces = routes.find(each => each.withoutWorkspace)
  const side = <Side navigation={navigation} workspacesPath={workspaces?.path} pathname={pathname} />
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#main">
        Skip to the content
      </a>
      <section className={classes.bar} aria-label="Commonhold">
        <Link to="/" className="plain" aria-label="Commonhold, start">
          <Wordmark />
        </Link>
        <div className={classes.tools}>
          <Suspense>{Bell && <Bell />}</Suspense>
          <UnstyledButton p={10} aria-label="Menu" aria-expanded={menuOpen} aria-haspopup="dialog" onClick={menu.open}>
            <Icon name="menu" size={22} />
          </UnstyledButton>
        </div>
      </section>
      <SideSheet
        opened={menuOpen}
        onClose={menu.close}
        title={<Wordmark />}
        size={290}
        closeLabel="Close the menu"
        styles={{ body: { display: 'flex', flexDirection: 'column', minHeight: 'calc(100dvh - 64px)' } }}
      >
        {side}
      </SideSheet>
      <section className={classes.side} aria-label="Commonhold">
        <div className={classes.head}>
          <Link to="/" className="plain" aria-label="Commonhold, start">
            <Wordmark />
          </Link>
          <Suspense>{Bell && <Bell />}</Suspense>
        </div>
        {side}
      </section>
      <main id="main" tabIndex={-1} ref={main} className={classes.main}>
        {stepUp && <StepUp load={stepUp} />}
        <div className={classes.inner}>
          {closed && isOutside && <ClosedWorkspaceBanner closed={closed} />}
          <SecondFactorGraceBanner />
          {startCard && pathname === start && session.can(startCard.permission) && (
            <div className="off-paper">
              <Suspense>
                <startCard.Card />
              </Suspense>
            </div>
          )}
          {closed && !isOutside ? (
            <ClosedWorkspacePage closed={closed} />
          ) : route?.permission && !session.can(route.permission) ? (
            <Forbidden personal={route.personal} />
          ) : (
            <Outlet />
          )}
        </div>
      </main>
    </div>
  )
}

type ShellProps = {
  navigation: readonly NavigationEntry[]
  routes: readonly ConsoleRoute[]
  stepUp: StepUpDialog | undefined
  /** Drawn twice, for wide and narrow windows, of which one is not displayed. */
  Bell: ComponentType | undefined
  startCard: { permission: string; Card: ComponentType } | undefined
}

type SideProps = { navigation: readonly NavigationEntry[]; workspacesPath: string | undefined; pathname: string }

function Side({ navigation, workspacesPath, pathname }: SideProps) {
  const session = useSession()
  const open = navigation.filter(entry => !entry.permission || session.can(entry.permission))
  return (
    <div className={classes.stack}>
      <TenantSwitcher navigation={navigation} workspacesPath={workspacesPath} />
      <SectionGroups entries={open} current={sectionOf(pathname, navigation)} />
      <div className={classes.foot}>
        <ColorSchemeChoice />
        <PersonMenu />
      </div>
    </div>
  )
}

function TenantSwitcher({ navigation, workspacesPath }: Omit<SideProps, 'pathname'>) {
  const session = useSession()
  const client = useQueryClient()
  const { pathname } = useLocation()
  const [busy, setBusy] = useState(false)

  async function open(tenant: Membership) {
    if (tenant.id === session.tenantId) return
    setBusy(true)
    const section = sectionOf(pathname, navigation) || (navigation[0]?.to ?? '/')
    try {
      const { tenant: host, installationUrl } = await client.ensureQueryData(entranceQuery)
      // A workspace's own host shows that one only: the others are found where the installation is.
      if (host) return window.location.assign(installationUrl)
      await switchTenant(tenant.id, section)
    } catch (error) {
      setBusy(false)
      notifications.show({ color: 'red', title: 'The workspace was not switched', message: messageOf(error) })
    }
  }

  return (
    <Menu width={270} position="bottom-start" withinPortal classNames={{ item: classes.workspace }}>
      <Menu.Target>
        <UnstyledButton className={classes.switcher} disabled={busy}>
          <Monogram name={session.tenant?.name ?? session.closed?.tenantName ?? '?'} />
          <span>
            <Text size="sm" fw={600} truncate>
              {session.tenant?.name ?? session.closed?.tenantName ?? 'No workspace'}
            </Text>
            <Text size="xs" c="dimmed">
              {busy ? 'Switching…' : standingOf(session)}
            </Text>
          </span>
          <Icon name="selector" size={16} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {session.tenants.length > 0 && <Menu.Label>Workspaces</Menu.Label>}
        {session.tenants.map(tenant => (
          <Menu.Item
            key={tenant.id}
            disabled={!tenant.isActive}
            onClick={() => void open(tenant)}
            aria-current={tenant.id === session.tenantId || undefined}
            leftSection={<Monogram name={tenant.name} />}
            rightSection={tenant.id === session.tenantId ? <Icon name="check" size={16} /> : undefined}
          >
            <Text size="sm" truncate>
              {tenant.name}
            </Text>
            <Text size="xs" c="dimmed">
              {tenant.isActive ? tenant.roles.join(', ') : 'not active'}
            </Text>
          </Menu.Item>
        ))}
        {workspacesPath && <NewWorkspace path={workspacesPath} />}
      </Menu.Dropdown>
    </Menu>
  )
}

function standingOf({ tenantId, closed, roles }: Session): string {
  if (closed) return 'closed to you now'
  return tenantId === null ? 'none open' : roles.join(', ') || 'no role'
}

/** Stands in the menu, so that the server is asked whether it is allowed only when the menu is opened. */
function NewWorkspace({ path }: { path: string }) {
  const entrance = useQuery(entranceQuery)
  if (entrance.data?.signUp !== 'open') return null
  return (
    <>
      <Menu.Divider />
      <Menu.Item component={Link} to={path} leftSection={<Icon name="plus" />}>
        New workspace
      </Menu.Item>
    </>
  )
}

function PersonMenu() {
  const session = useSession()
  const name = session.user.fullName || session.user.email
  const { pathname } = useLocation()

  async function leave() {
    try {
      await signOut()
    } catch (error) {
      notifications.show({ color: 'red', title: 'You are still signed in', message: messageOf(error) })
    }
  }

  return (
    <Menu width={250} position="top-start">
      <Menu.Target>
        <UnstyledButton className={classes.person} data-here={`${pathname}/`.startsWith('/account/') || undefined}>
          <Monogram name={name} picture={session.user.avatarUrl} round />
          <span>
            <Text size="sm" fw={550} truncate>
              <span className="visually-hidden">Account of </span>
              {name}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {session.user.email}
            </Text>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          Signed in as {session.user.email}
          {session.user.timezone && <div>Times in {session.user.timezone.replaceAll('_', ' ')}</div>}
        </Menu.Label>
        <Menu.Item component={Link} to="/account" leftSection={<Icon name="person" />}>
          My account
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="signOut" />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function Monogram({ name, picture, round }: { name: string; picture?: string | null; round?: boolean }) {
  const [isBroken, setIsBroken] = useState(false)
  if (picture && !isBroken)
    return (
      <img src={picture} alt="" width={30} height={30} className={classes.picture} onError={() => setIsBroken(true)} />
    )
  const letters = name
    .split(/\s+/)
    .map(word => /[\p{L}\p{N}]/u.exec(word)?.[0])
    .filter(letter => letter !== undefined)
    .slice(0, 2)
    .join('')
  return (
    <Badge aria-hidden="true" size="lg" variant="light" radius={round ? 'xl' : 'sm'} w={30} h={30} p={0} fz={11}>
      {letters}
    </Badge>
  )
}

/** `/lists/new` before `/lists/$id`, whatever their order. */
const byPlaces = (a: ConsoleRoute, b: ConsoleRoute) => a.path.split('$').length - b.path.split('$').length

/** The section that a page is in: the nearest above it. */
function sectionOf(pathname: string, navigation: readonly NavigationEntry[]): string {
  const above = navigation.map(({ to }) => to).filter(to => `${pathname}/`.startsWith(`${to}/`))
  return above.toSorted((a, b) => b.length - a.length)[0] ?? ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'Try again.'
}

/** Whether a workspace has opened meanwhile, or a grace ended, is asked with each page. */
function useLookAgain(isWorthwhile: boolean, pathname: string) {
  const client = useQueryClient()
  const last = useRef(pathname)
  useEffect(() => {
    if (last.current === pathname) return
    last.current = pathname
    if (isWorthwhile) void client.invalidateQueries(sessionQuery)
  }, [client, isWorthwhile, pathname])
}

/** A new page is announced and read from its beginning, as if the browser had loaded it. */
function useFocusAfterNavigation(main: React.RefObject<HTMLElement | null>, pathname: string) {
  const last = useRef(pathname)
  useEffect(() => {
    if (last.current === pathname) return
    last.current = pathname
    main.current?.focus({ preventScroll: true })
  }, [main, pathname])
}

/** Whether a key typed here is meant for this element; a box that is ticked has no use for letters. */
function takesText(element: HTMLElement): boolean {
  if (element instanceof HTMLInputElement) return !/^(checkbox|radio|button|submit|reset|range)$/.test(element.type)
  return element.isContentEditable || /^(textarea|select)$/i.test(element.tagName)
}

function useSearchKey(navigation: readonly NavigationEntry[]) {
  const navigate = useNavigate()
  useEffect(() => {
    const focusSearch = () => {
      const field = document.querySelector<HTMLInputElement>('[data-search]')
      field?.focus()
      field?.select()
      return field
    }
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      const modal = document.querySelector('[aria-modal="true"]')
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || takesText(target) || modal) return
      event.preventDefault()
      if (!focusSearch() && navigation[0]) void navigate({ to: navigation[0].to }).then(focusSearch)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [navigate, navigation])
}
