import { Button } from '@mantine/core'
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { lazy } from 'react'
import { matchesPath, parseSearch, safePath, writeSearch } from './addresses.ts'
import type { ConsoleModule, ConsoleRoute } from './module.ts'
import { Problem } from './requests.ts'
import { mayBeSignedIn, sessionQuery, signOut, whyEnded } from './session.ts'
import { findStartPage } from './start-page.ts'
import { ErrorState, NotFound } from './states.tsx'
import { StepUp } from './step-up.tsx'

/** The modules' pages as one tree: plain ones by themselves, the others inside the shell, which needs a session. */
export function buildRouter(client: QueryClient, modules: readonly ConsoleModule[]) {
  const entries = modules.flatMap(module => module.navigation)
  const navigation = entries.toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0))
  const routes = modules.flatMap(module => module.routes)
  const workspaces = routes.find(route => route.withoutWorkspace)
  const stepUp = modules.find(module => module.stepUp)?.stepUp
  const loadBell = modules.find(module => module.bell)?.bell
  const startCard = modules.find(module => module.startCard)?.startCard
  const shownCard = startCard && {
    permission: startCard.permission,
    Card: lazy(async () => ({ default: (await startCard.load()).Card })),
  }
  const Bell = loadBell && lazy(async () => ({ default: (await loadBell()).Bell }))

  const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound })
  const shell = createRoute({
    getParentRoute: () => root,
    id: 'shell',
    // Fetched apart: the pages before one is signed in need nothing of it.
    component: lazyRouteComponent(async () => {
      const { Shell } = await import('./shell.tsx')
      return {
        Frame: () => (
          <Shell navigation={navigation} routes={routes} stepUp={stepUp} Bell={Bell} startCard={shownCard} />
        ),
      }
    }, 'Frame'),
    beforeLoad: async ({ location }) => {
      const session = await client.ensureQueryData(sessionQuery).catch(error => {
        if (!(error instanceof Problem) || error.status !== 401) throw error
        const ended = whyEnded(error.code)
        throw redirect({
          to: '/sign-in',
          search: { ...(location.href !== '/' && { next: location.href }), ...(ended && { ended }) },
        })
      })
      const isPersonal = routes.some(route => route.personal && matchesPath(route.path, location.pathname))
      if (
        session.tenantId === null &&
        !session.closed &&
        workspaces &&
        !isPersonal &&
        location.pathname !== workspaces.path
      )
        throw redirect({ to: workspaces.path, replace: true })
    },
    errorComponent: PageError,
  })
  const start = createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: async () => {
      if (!mayBeSignedIn()) throw redirect({ to: '/sign-in' })
      // Who cannot be asked for now is dealt with where the frame asks again.
      const session = await client.ensureQueryData(sessionQuery).catch(() => undefined)
      throw redirect({ to: (session && (await findStartPage(navigation, session))) ?? navigation[0]?.to ?? '/sign-in' })
    },
  })
  // Alone on the screen too: who is signed in may be asked to confirm that it is still he.
  const loadAlone = async (load: ConsoleRoute['load']) => {
    const { Page } = await load()
    return {
      Page: () => (
        <>
          <Page />
          {stepUp && <StepUp load={stepUp} />}
        </>
      ),
    }
  }
  const pageOf = (parent: typeof root | typeof shell, route: ConsoleRoute) =>
    createRoute({
      getParentRoute: () => parent as typeof root,
      path: route.path,
      component: lazyRouteComponent(
        route.frame === 'plain' && route.personal ? () => loadAlone(route.load) : route.load,
        'Page',
      ),
      errorComponent: PageError,
      ...(route.frame === 'plain' && !route.personal && { beforeLoad: leaveWhenSignedIn }),
    })
  const leaveWhenSignedIn = async ({ search }: { search: Record<string, unknown> }) => {
    if (!mayBeSignedIn()) return
    const session = await client.ensureQueryData(sessionQuery).catch(() => undefined)
    if (session) throw redirect({ href: safePath(typeof search.next === 'string' ? search.next : '/') })
  }
  const elsewhere = createRoute({ getParentRoute: () => shell, path: '$', component: NotFound })

  return createRouter({
    routeTree: root.addChildren([
      start,
      ...routes.filter(route => route.frame === 'plain').map(route => pageOf(root, route)),
      shell.addChildren([
        ...routes.filter(route => route.frame === 'shell').map(route => pageOf(shell, route)),
        elsewhere,
      ]),
    ]),
    parseSearch,
    stringifySearch: writeSearch,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: PageError,
  })
}

function PageError({ error }: ErrorComponentProps) {
  return (
    <main style={{ maxWidth: 720, margin: '0 auto', padding: 24 }}>
      <ErrorState error={error} retry={() => window.location.reload()} />
      <Button variant="subtle" size="xs" onClick={() => void signOut()}>
        Sign out
      </Button>
    </main>
  )
}
