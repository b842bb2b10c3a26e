// What GraphiQL remembers. How the page looks may outlive it; documents, variables and history hold what somebody looked
// at, and live as long as the tab, or until who looked signs out.

const looks = ['theme', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex', 'visiblePlugin']

const of = (key) => (looks.some((name) => key.endsWith(`:${name}`)) ? localStorage : sessionStorage)

/** A storage of one session. Once it is forgotten nothing is written any more: GraphiQL writes half a second late. */
export function newStorage() {
  let forgotten = false
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
