// The explorer in a browser that reaches nothing but the product: what a person does there, and that nothing is asked of
// anybody else, nothing is refused by the page's policy, and nothing goes wrong in the console.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { read } from '../src/shelf-file.js'
import { startProvider } from './provider.js'

const binary = process.env.REFERRALS ?? '../../../bin/referrals'
const pictures = process.env.ARTEFACTS ?? join(import.meta.dirname, 'screenshots')
const folder = mkdtempSync(join(tmpdir(), 'explorer-'))
const database = `sqlite:${join(folder, 'demo.db')}`
const clock = '2026-07-01T12:00:00Z' // the demo's year has just ended

let server, address, tokens, browser

/** Starts a server on the demo, and gives it with its address. */
function serve(...options) {
  const started = spawn(binary, ['serve', '--database', database, '--listen', '127.0.0.1:0', '--clock', clock, ...options], { stdio: ['ignore', 'ignore', 'pipe'] })
  return new Promise((resolve, reject) => {
    let log = ''
    started.stderr.on('data', (text) => {
      log += text
      const found = log.match(/address=(http:\S+)/)
      if (found) resolve([started, found[1]])
    })
    started.on('exit', () => reject(new Error(`the server ended:\n${log}`)))
  })
}

/** Does something with a server that was started otherwise, in the place of the usual one. */
async function servedWith(options, work) {
  const usual = address
  const [other, at] = await serve(...options)
  address = at
  try {
    await work()
  } finally {
    address = usual
    other.removeAllListeners('exit')
    other.kill()
  }
}

before(async () => {
  mkdirSync(pictures, { recursive: true })
  const said = execFileSync(binary, ['demo', '--database', database], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  tokens = Object.fromEntries(said.trim().split('\n').map((line) => line.split('=')))
  ;[server, address] = await serve()
  execFileSync(binary, ['bill', '--database', database, '--network', tokens.NETWORK, '--through', '2026-06-30', '--clock', clock], { stdio: 'ignore' })
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  })
})

after(async () => {
  await browser?.close()
  server?.removeAllListeners('exit')
  server?.kill()
  rmSync(folder, { recursive: true, force: true })
})

/** Opens the explorer in a browser of its own, and keeps what must not happen. */
async function open({ colorScheme = 'light', width = 1360, height = 820, provider = null } = {}) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height }, locale: 'en-GB' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const wrong = []
  await context.route((url) => ![address, provider].includes(url.origin), (route) => {
    wrong.push(`asks another host: ${route.request().url()}`)
    return route.abort()
  })
  await page.exposeFunction('tellViolation', (text) => wrong.push(text))
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => {
    window.tellViolation(`against the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
  }))
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => wrong.push(`error: ${error.stack}`))
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText
    if (why !== 'net::ERR_ABORTED') wrong.push(`fails: ${request.url()} ${why}`) // that one is a reload's
  })
  await page.goto(`${address}/explorer`)
  const shot = (name) => page.screenshot({ path: join(pictures, `${name}.png`) })
  return { page, wrong, shot, close: () => context.close() }
}

async function signIn(page, token) {
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('.monaco-editor').nth(2).waitFor()
}

async function chooseNetwork(page) {
  await page.getByRole('combobox', { name: 'Network' }).fill('demo')
  await page.getByRole('option', { name: /Demo Network/ }).click()
}

/** Does what runs the document that contains the words, and reads the answer to it, once the page shows it. */
async function ask(page, words, run) {
  const asks = (request) => request.url() === `${address}/graphql` && JSON.parse(request.postData() ?? '{}').query?.includes(words)
  const [response] = await Promise.all([page.waitForResponse((response) => asks(response.request())), run()])
  const said = await response.json()
  await page.waitForFunction((said) => {
    const model = globalThis.__MONACO?.editor.getModels().find(({ uri }) => uri.path.endsWith('response.json'))
    try {
      return JSON.stringify(JSON.parse(model.getValue())) === said
    } catch {
      return false
    }
  }, JSON.stringify(said))
  return said
}

/** The external id of a conversion that an invoice pays. */
async function aConversion() {
  const response = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${tokens.ADMIN_TOKEN}` },
    body: JSON.stringify({ query: '{ network { invoices(first: 1) { nodes { lines { conversionList(first: 1) { nodes { externalId } } } } } } }' }),
  })
  const { data } = await response.json()
  return data.network.invoices.nodes[0].lines.flatMap(({ conversionList }) => conversionList.nodes)[0].externalId
}

const shelf = readdirSync(join(import.meta.dirname, '../shelf'))
  .map((file) => read(file, readFileSync(join(import.meta.dirname, '../shelf', file), 'utf8')))

const axe = readFileSync(join(import.meta.dirname, '../node_modules/axe-core/axe.min.js'), 'utf8')

/** What keeps people from using the page, by axe; but what GraphiQL's tabs and the editor's own colours do. */
async function barriers(page) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => window.axe.run({ exclude: [['.monaco-editor'], ['.graphiql-tabs']] }))
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes[0].html})`)
}

/** Opens a document of the shelf, fills in its form, and runs it. */
async function runFromShelf(page, document) {
  const entry = page.locator('.shelf details', { has: page.locator('summary', { hasText: document.title }) })
  if (!(await entry.evaluate((details) => details.open))) await entry.locator('summary').click()
  for (const { name } of document.variables) {
    const fill = { partner: ['Partner', 'amber acorn'], invoice: ['Invoice', '1'] }[name]
    if (fill) {
      await entry.getByRole('combobox', { name: fill[0] }).fill(fill[1])
      await page.getByRole('option').first().click()
    }
    const day = { from: ['From', '2025-07-01'], to: ['To, included', '2026-06-30'] }[name]
    if (day) await entry.getByLabel(day[0]).fill(day[1])
    if (name === 'externalId') await entry.getByLabel(/external id/).fill(await aConversion())
  }
  const said = await ask(page, document.name, () => entry.getByRole('button', { name: /^Run/ }).click())
  await page.locator('.graphiql-tab-button', { hasText: document.name }).waitFor()
  return said
}

test('support staff signs in, completes a field, runs documents of the shelf and reads the answers', async () => {
  const { page, wrong, shot, close } = await open()
  await shot('sign-in-light')
  assert.deepEqual(await barriers(page), [])
  await signIn(page, tokens.SUPPORT_TOKEN)
  await page.getByText('Read only').waitFor()
  await page.getByText('Choose a network first').first().waitFor()
  await chooseNetwork(page)
  await page.getByText('USD · America/New_York').waitFor()
  assert.deepEqual(await barriers(page), [])

  // the first tab asks for the network that was chosen
  const execute = () => page.getByRole('button', { name: /^Execute query/ }).click()
  assert.equal((await ask(page, 'ANetwork', execute)).data.network.name, 'Demo Network')

  // completion knows the schema
  await page.getByRole('button', { name: 'New tab' }).click()
  const editor = page.getByRole('region', { name: 'Operation Editor' })
  await editor.locator('.monaco-editor').first().click()
  await page.keyboard.type('{ viewer { ro')
  await page.keyboard.press('Control+Space')
  await page.locator('.suggest-widget .monaco-list-row.focused', { hasText: 'role' }).first().waitFor()
  await shot('completion-light')
  await page.keyboard.press('Enter')
  const written = /^\{ viewer \{ role\s*\}\s*\}$/ // the editor closes what is opened
  await page.waitForFunction((written) => globalThis.__MONACO?.editor.getModels().some((model) => written.test(model.getValue())), written)
  assert.deepEqual((await ask(page, 'viewer { role', () => page.keyboard.press('Control+Enter'))).data, { viewer: { role: 'SUPPORT' } })

  // what runs is what is written, also at once
  for (const text of ['query One { viewer { role } }', 'query Another { viewer { role } }']) {
    const writeAndRun = (text) => {
      globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.endsWith('operation.graphql')).setValue(text)
      document.querySelector('.graphiql-execute-button').click()
    }
    const said = await ask(page, text, () => page.evaluate(writeAndRun, text))
    assert.deepEqual([said.data, said.errors], [{ viewer: { role: 'SUPPORT' } }, undefined])
  }

  for (const document of shelf.filter(({ roles }) => roles.includes('SUPPORT'))) {
    const got = await runFromShelf(page, document)
    assert.equal(got.errors, undefined, `${document.name}: ${JSON.stringify(got.errors)}`)
    assert.ok(got.data.network, document.name)
    await shot(`shelf-${document.key}-light`)
  }

  // the schema's own words
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
  await page.getByRole('link', { name: 'Network', exact: true }).first().click()
  await page.getByText('Nothing crosses a network').waitFor()
  await shot('documentation-light')
  await page.getByRole('button', { name: 'Show History' }).click()
  await page.locator('.graphiql-history-item').first().waitFor()

  assert.deepEqual(wrong, [])
  await close()
})

test('a partner sees its own shelf, in the dark and in a narrow window', async () => {
  const { page, wrong, shot, close } = await open({ colorScheme: 'dark' })
  await shot('sign-in-dark')
  await signIn(page, tokens.PARTNER_TOKEN)
  for (const document of shelf.filter(({ roles }) => roles.includes('PARTNER'))) {
    const got = await runFromShelf(page, document)
    assert.equal(got.errors, undefined, `${document.name}: ${JSON.stringify(got.errors)}`)
    assert.equal(got.data.viewer.partner.name, 'Amber Acorn Media')
  }
  assert.equal(await page.locator('.shelf details').count(), shelf.filter(({ roles }) => roles.includes('PARTNER')).length)
  await shot('partner-dark')
  assert.deepEqual(await barriers(page), [])
  await page.setViewportSize({ width: 480, height: 900 })
  await page.waitForTimeout(300) // the editors lay themselves out anew
  await shot('partner-narrow')
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth), false, 'the page scrolls sideways')
  assert.deepEqual(wrong, [])
  await close()
})

test('a partner sees the schema where the operator lets partners explore', async () => {
  await servedWith(['--explorers', 'PARTNER'], async () => {
    const { page, wrong, close } = await open()
    await signIn(page, tokens.PARTNER_TOKEN)
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
    await page.getByRole('link', { name: 'Partner', exact: true }).or(page.getByRole('link', { name: 'Query', exact: true })).first().waitFor()
    assert.deepEqual(wrong, [])
    await close()
  })
})

test('people sign in at their identity provider', async () => {
  const provider = await startProvider({ clock, claims: { sub: 'ada', name: 'Ada of the provider', role: 'ADMIN', aud: 'referrals' } })
  execFileSync(binary, ['network', 'identity-provider', '--database', database, '--network', tokens.NETWORK, '--issuer', provider.issuer, '--audience', 'referrals'], { stdio: 'ignore' })
  after(() => provider.stop())
  await servedWith(['--explorer-issuer', provider.issuer, '--explorer-client', 'explorer'], async () => {
    const { page, wrong, shot, close } = await open({ provider: provider.issuer })
    const leave = page.getByRole('button', { name: 'Sign in with your identity provider' })
    await leave.waitFor()
    assert.deepEqual(await barriers(page), [])
    await shot('sign-in-provider-light')

    // who says no there is told here, and can try again
    await leave.click()
    await page.getByRole('link', { name: 'No' }).click()
    assert.match(await page.locator('.problem').innerText(), /did not sign you in: the person said no/)
    await leave.click()
    await page.getByRole('link', { name: 'Yes' }).click()
    await page.locator('.monaco-editor').nth(2).waitFor()
    await page.getByText('Ada of the provider').waitFor()
    assert.equal(page.url(), `${address}/explorer/`)
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
    assert.equal(kept.includes('signing-in') || provider.given.some((token) => kept.includes(token)), false)

    // a code that this page did not ask for opens nothing
    await page.goto(`${address}/explorer/?code=stolen&state=guessed`)
    assert.match(await page.locator('.problem').innerText(), /did not ask for that sign-in/)
    assert.deepEqual(wrong, [])
    await close()
  })
})

test('the token is nowhere but in the memory of the page', async () => {
  const { page, wrong, close } = await open()
  await signIn(page, tokens.ADMIN_TOKEN)
  const said = await ask(page, 'WhoAmI', () => page.getByRole('button', { name: /^Execute query/ }).click())
  assert.equal(said.data.viewer.role, 'ADMIN')
  const kept = async () => page.evaluate(async () => JSON.stringify([
    { ...localStorage }, { ...sessionStorage }, document.cookie, await indexedDB.databases(), await caches.keys(),
    document.documentElement.outerHTML, [...document.querySelectorAll('input')].map((input) => input.value), window.name, history.state,
  ]))
  await page.waitForTimeout(700) // GraphiQL writes its tabs half a second later
  assert.equal((await kept()).includes(tokens.ADMIN_TOKEN), false)
  assert.match(await page.evaluate(() => Object.keys(sessionStorage).join()), /tabState/)
  assert.equal(await page.evaluate(() => Object.keys(localStorage).some((key) => /quer|tab|variables|header/i.test(key))), false)
  await page.reload()
  await page.getByLabel('Token').waitFor()
  assert.deepEqual(wrong, [])

  // the same person finds what was asked, somebody else does not, and who signs out takes it along
  await signIn(page, tokens.ADMIN_TOKEN)
  await page.locator('.graphiql-tab-button', { hasText: 'WhoAmI' }).waitFor()
  await page.reload()
  await signIn(page, tokens.SUPPORT_TOKEN)
  await page.locator('.graphiql-tab-button', { hasText: 'ANetwork' }).waitFor()
  assert.equal(await page.locator('.graphiql-tab-button').count(), 1)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Token').waitFor()
  await page.waitForTimeout(700)
  assert.equal(await page.evaluate(() => sessionStorage.length), 0)

  await page.getByLabel('Token').fill('ref_WRONG')
  await page.keyboard.press('Enter')
  assert.match(await page.locator('.problem').innerText(), /^This token is not valid/)
  assert.deepEqual(wrong, ['console: Failed to load resource: the server responded with a status of 401 (Unauthorized)'])
  await close()
})
