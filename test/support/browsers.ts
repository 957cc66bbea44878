import { randomAddress } from './world.ts'

/** Browsers of this installation: each keeps its cookies, comes from an address of its own and follows no redirect. */
export function browsersAt<Answer>(baseUrl: string) {
  return class Browser {
    readonly cookies = new Map<string, string>()
    address = randomAddress()

    async send(
      path: string,
      body?: unknown,
      method = 'POST',
      headers: Record<string, string> = {},
    ): Promise<{ http: number; answer: Answer }> {
      const response = await fetch(`${baseUrl}/api/v1${path}`, {
        method,
        redirect: 'manual',
        headers: {
          'x-forwarded-for': this.address,
          'sec-fetch-site': 'same-origin',
          'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
          cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') this.cookies.delete(name)
        else this.cookies.set(name, value)
      }
      const text = await response.text()
      const isJson = /json/.test(response.headers.get('content-type') ?? '')
      return { http: response.status, answer: (isJson && text ? JSON.parse(text) : {}) as Answer }
    }

    signIn({ email, password }: { email: string; password: string }, given = password) {
      return this.send('/auth/sign-in', { email, password: given })
    }

    async isIn(): Promise<boolean> {
      return (await this.send('/me', undefined, 'GET')).http === 200
    }
  }
}
