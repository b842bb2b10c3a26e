// An OpenID Connect provider for tests: whoever comes is asked yes or no, and comes back.
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

function jwt(claims) {
  const written = [{ alg: 'RS256', kid: 'one', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${written}.${sign('sha256', written, privateKey).toString('base64url')}`
}

/** Starts one whose access tokens carry the claims, and are good for an hour of the server's clock. */
export async function startProvider({ clock, claims }) {
  const codes = new Map()
  const given = []
  let issuer
  const answers = {
    '/.well-known/openid-configuration': () => ({
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`,
      response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'],
    }),
    '/keys': () => ({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] }),
    '/token': (form) => {
      const asked = codes.get(form.get('code'))
      codes.delete(form.get('code'))
      const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url')
      if (!asked || asked.get('code_challenge') !== challenge || asked.get('redirect_uri') !== form.get('redirect_uri')) return { error: 'invalid_grant' }
      const from = Date.parse(clock) / 1000
      const now = Math.floor(Date.now() / 1000)
      const access = jwt({ iss: issuer, iat: from, exp: from + 3600, ...claims })
      given.push(access)
      return {
        access_token: access, token_type: 'Bearer', expires_in: 3600,
        id_token: jwt({ iss: issuer, sub: claims.sub, aud: asked.get('client_id'), nonce: asked.get('nonce'), iat: now, exp: now + 300 }),
      }
    },
  }
  const server = createServer(async (request, response) => {
    const { pathname, searchParams: asked } = new URL(request.url, issuer)
    if (pathname === '/authorize') {
      const back = (more) => `${asked.get('redirect_uri')}?${new URLSearchParams({ ...more, state: asked.get('state') })}`.replaceAll('&', '&amp;')
      const code = randomUUID()
      codes.set(code, asked)
      response.setHeader('Content-Type', 'text/html')
      response.end(`<title>Provider</title><link rel="icon" href="data:,"><a href="${back({ code })}">Yes</a> <a href="${back({ error: 'access_denied', error_description: 'the person said no' })}">No</a>`)
      return
    }
    let body = ''
    for await (const part of request) body += part
    const answer = answers[pathname]?.(new URLSearchParams(body))
    response.statusCode = answer ? (answer.error ? 400 : 200) : 404
    response.setHeader('Content-Type', 'application/json')
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.end(JSON.stringify(answer ?? {}))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${server.address().port}`
  return { issuer, given, stop: () => server.close() }
}
