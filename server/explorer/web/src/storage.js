// What GraphiQL remembers. How the page looks may outlive it; documents, variables and history hold what somebody looked
// at, and live as long as the tab, or until who looked signs out, or somebody else in.

const looks = ['theme', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex', 'visiblePlugin']

const of = (key) => (looks.some((name) => key.endsWith(`:${name}`)) ? localStorage : sessionStorage)

/**
 * A storage for who signed in: what somebody else asked in this tab is forgotten. Once the storage itself is, nothing is
 * written any more: GraphiQL writes half a second late.
 */
export function newStorage({ role, name, network }) {
  let forgotten = false
  const who = JSON.stringify([role, name, network?.id])
  if (sessionStorage.getItem('who') !== who) sessionStorage.clear()
  sessionStorage.setItem('who', who)
  return {
    getItem: (key) => of(key).getItem(key),
    setItem: (key, value) => forgotten || of(key).setItem(key, value),
    removeItem: (key) => of(key).removeItem(key),
    get length() {
      return sessionStorage.length
    },
    clear: () => sessionStorage.clear(),
    forget() {
      forgotten = true
      sessionStorage.clear()
    },
  }
}
