import type { ReactNode } from 'react';
import { useEffect, useRef, useState } from 'react';

/** What may be wider than the page: it scrolls by itself, and by the keyboard where there is something to scroll. */
export function Wide({ min, label, children }: { min: number; label: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const look = () => setScrolls(current.scrollWidth > current.clientWidth);
    look();
    const watch = new ResizeObserver(look);
    watch.observe(current);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={box} style={{ overflowX: 'auto' }} {...(scrolls ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}>
      <div style={{ minWidth: min }}>{children}</div>
    </div>
  );
}
