import { useNotifications } from '@mantine/notifications'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterContextProvider, RouterProvider } from '@tanstack/react-router'
import { lazy, StrictMode, Suspense, useRef } from 'react'
import { createRoot } from 'react-dom/client'
import { BrandedProvider } from './brand.tsx'
import type { ConsoleModule } from './module.ts'
import { printInLight } from './printing.ts'
import { Problem, showTenant } from './requests.ts'
import { ResourcesContext } from './resources.ts'
import { buildRouter } from './router.tsx'
import { closingCodes, leaveEndedSession, onSignedOutElsewhere, sessionQuery } from './session.ts'
import './styles.css'

/** Draws the console of these modules, in their order, into the element with the id `root`. */
export function startConsole(modules: readonly ConsoleModule[]): void {
  const plainPaths = new Set(modules.flatMap(each => each.routes.filter(r => r.frame === 'plain').map(r => r.path)))
  const leaveWhenSignedOut = (error: unknown) => {
    if (!(error instanceof Problem) || plainPaths.has(window.location.pathname)) return
    if (error.status === 401) leaveEndedSession(error.code)
    if (closingCodes.has(error.code)) {
      showTenant(undefined)
      void client.invalidateQueries(sessionQuery)
    }
    // The membership ended while the workspace was open: begin again in what is left.
    if (error.code === 'accounts.not_a_member') window.location.assign('/')
  }
  const client = new QueryClient({
    queryCache: new QueryCache({
      // The first question who is signed in may be answered with "nobody"; the router sees to that.
      onError: (error, query) =>
        query.state.data !== undefined || query.queryKey[0] !== 'session' ? leaveWhenSignedOut(error) : undefined,
    }),
    mutationCache: new MutationCache({ onError: leaveWhenSignedOut }),
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (failures, error) =>
          error instanceof Problem && (error.status === 0 || error.status === 503) && failures < 2,
      },
    },
  })
  const router = buildRouter(client, modules)
  const resources = Object.assign({}, ...modules.map(module => module.resources))
  onSignedOutElsewhere(() => window.location.assign('/sign-in'))

  printInLight()
  const root = document.getElementById('root')
  if (!root) throw new Error('The page has no element #root')
  createRoot(root).render(
    <StrictMode>
      <BrandedProvider>
        <QueryClientProvider client={client}>
          {/* Notices may have links in them. */}
          <RouterContextProvider router={router}>
            <NoticesOnDemand />
          </RouterContextProvider>
          <ResourcesContext value={resources}>
            <RouterProvider router={router} />
          </ResourcesContext>
        </QueryClientProvider>
      </BrandedProvider>
    </StrictMode>,
  )
}

const Notices = lazy(async () => ({ default: (await import('./notices.tsx')).Notices }))

/** Most visits have nothing to be told: the code that draws notices comes with the first one. */
function NoticesOnDemand() {
  const { notifications } = useNotifications()
  const wasNeeded = useRef(false)
  wasNeeded.current ||= notifications.length > 0
  return wasNeeded.current ? (
    <Suspense>
      <Notices />
    </Suspense>
  ) : null
}
