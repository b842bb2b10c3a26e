/** What the server says of itself: which roles `serve --explorers` names, and where people sign in, if not by token alone. */
export const settings = fetch(new URL('settings.json', document.baseURI), { cache: 'no-store' })
  .then((response) => response.json())
  .catch(() => ({ explorers: [] }))
