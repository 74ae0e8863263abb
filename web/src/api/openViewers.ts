import { useEffect, useState } from 'react';

/** The studies that are open in viewer tabs of this browser, as those tabs tell. */
export function useOpenViewers(): ReadonlySet<string> {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (typeof BroadcastChannel !== 'function') return;
    const channel = new BroadcastChannel('confrere-viewer');
    channel.onmessage = ({ data }: MessageEvent<{ kind?: string; studies?: string[] } | null>) => {
      const studies = data?.studies ?? [];
      if (data?.kind === 'opened') setOpen(known => new Set([...known, ...studies]));
      if (data?.kind === 'closed') setOpen(known => new Set([...known].filter(study => !studies.includes(study))));
    };
    channel.postMessage({ kind: 'who' });
    return () => channel.close();
  }, []);
  return open;
}
