/** The product's mark: one partner that brought in two. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M9 16 23 8M9 16l14 8" />
      <circle className="referrer" cx="8" cy="16" r="5" />
      <circle className="referred" cx="24" cy="8" r="4" />
      <circle className="referred" cx="24" cy="24" r="4" />
    </svg>
  )
}
