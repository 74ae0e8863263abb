/** The product's mark: two that face one another. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#16283c" />
      <path d="M12.5 8.5a9 9 0 1 0 0 15" fill="none" stroke="#7cc0ff" strokeWidth="3" strokeLinecap="round" />
      <path d="M19.5 23.5a9 9 0 1 0 0-15" fill="none" stroke="#e7ecf3" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}
