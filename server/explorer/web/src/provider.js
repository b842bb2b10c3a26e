// Signing in at an OpenID Connect provider: the authorization code flow of a public client, with PKCE. While the person is
// there, the tab keeps what proves that it was this page who asked; the token that comes of it is kept by nobody.
import * as oauth from 'oauth4webapi'

const key = 'signing-in'
const here = () => location.origin + location.pathname

/** Goes to the provider, which comes back to this page. */
export async function leave({ authorize, client, scope }) {
  const proof = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }
  sessionStorage.setItem(key, JSON.stringify(proof))
  const there = new URL(authorize)
  for (const [name, value] of Object.entries({
    response_type: 'code', client_id: client, redirect_uri: here(), scope, state: proof.state, nonce: proof.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(proof.verifier), code_challenge_method: 'S256',
  })) there.searchParams.set(name, value)
  location.assign(there)
}

/** Whether it is the provider who sent the person here. */
export const cameBack = () => /[?&](code|error)=/.test(location.search)

/** The access token that the provider gives for the code with which it came back. */
export async function comeBack({ issuer, token, algorithms, client }) {
  const address = new URL(location.href)
  history.replaceState(null, '', here()) // a code is good once
  const { verifier, state, nonce } = JSON.parse(sessionStorage.getItem(key) ?? '{}')
  sessionStorage.removeItem(key)
  if (!state) throw new Error('This page did not ask for that sign-in. Begin it here.')
  const provider = { issuer, token_endpoint: token, id_token_signing_alg_values_supported: algorithms ?? undefined }
  const us = { client_id: client }
  try {
    const answer = oauth.validateAuthResponse(provider, us, address, state)
    const response = await oauth.authorizationCodeGrantRequest(provider, us, oauth.None(), answer, here(), verifier, {
      [oauth.allowInsecureRequests]: token.startsWith('http://'), // the operator's own choice
    })
    return (await oauth.processAuthorizationCodeResponse(provider, us, response, { expectedNonce: nonce, requireIdToken: true })).access_token
  } catch (error) {
    throw new Error(`Your provider did not sign you in: ${error.error_description ?? error.error ?? error.message}`, { cause: error })
  }
}
