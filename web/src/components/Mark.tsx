/** The product's mark: two that face one another. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#16283c" />
      <path d="M15.3 11.4a6 6 0 1 0 0 9.2" fill="none" stroke="#7cc0ff" strokeWidth="2.6" strokeLinecap="round" />
      <path d="M16.7 20.6a6 6 0 1 0 0-9.2" fill="none" stroke="#e7ecf3" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
